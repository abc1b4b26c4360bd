"""The meaning of the demo's pictures: 4 superordinate, 12 basic and 24 subordinate categories.

People group things by such a tree; each leaf has an outline of its own, and colour, texture, size
and background know nothing of it. A category is its index in `CATEGORIES`, so that arrays of
categories are arrays of integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

NUM_LEVELS = 3
"""Superordinate, basic, subordinate: two images share between 0 and 3 of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Category:
    """One leaf of the tree, with the names of the two categories above it."""

    superordinate: str
    basic: str
    subordinate: str


_TREE: dict[str, dict[str, tuple[str, str]]] = {
    "animal": {
        "dog": ("dachshund", "poodle"),
        "bird": ("duck", "flamingo"),
        "fish": ("goldfish", "shark"),
    },
    "vehicle": {
        "car": ("beetle", "pickup"),
        "truck": ("lorry", "tanker"),
        "train": ("locomotive", "tram"),
    },
    "plant": {
        "tree": ("fir", "oak"),
        "flower": ("daisy", "tulip"),
        "cactus": ("saguaro", "prickly_pear"),
    },
    "building": {
        "house": ("cottage", "townhouse"),
        "tower": ("lighthouse", "windmill"),
        "temple": ("portico", "pagoda"),
    },
}

CATEGORIES: tuple[Category, ...] = tuple(
    Category(superordinate=superordinate, basic=basic, subordinate=subordinate)
    for superordinate, basics in _TREE.items()
    for basic, subordinates in basics.items()
    for subordinate in subordinates
)
NUM_CATEGORIES = len(CATEGORIES)
SUPERORDINATES: tuple[str, ...] = tuple(_TREE)


def _number(names: list[str]) -> list[int]:
    """Number equal names alike, in order of first appearance."""
    order = list(dict.fromkeys(names))
    return [order.index(name) for name in names]


_PATHS: Int[np.ndarray, "categories levels"] = np.array(
    [
        _number([category.superordinate for category in CATEGORIES]),
        _number([category.basic for category in CATEGORIES]),
        _number([category.subordinate for category in CATEGORIES]),
    ],
    dtype=np.int64,
).T


def paths(categories: Int[np.ndarray, "*shape"]) -> Int[np.ndarray, "*shape levels"]:
    """The indices of the superordinate, basic and subordinate category of each category."""
    return _PATHS[categories]


def levels_shared(
    first: Int[np.ndarray, "*shape"], second: Int[np.ndarray, "*shape"]
) -> Int[np.ndarray, "*shape"]:
    """Levels, 0 to 3, that two arrays of categories share, element by element."""
    return np.equal(_PATHS[first], _PATHS[second]).sum(axis=-1)


def level_shared(first: int, second: int) -> int:
    """Levels, 0 to 3, that two categories share."""
    return levels_shared(np.array([first]), np.array([second])).item()
