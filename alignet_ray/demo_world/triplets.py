"""Which three images the observers are shown.

Random triplets mostly ask about unrelated things, and people answer those by chance. So a third of
the triplets are random, a third contain two images of one superordinate category and a third two
of one basic category; the remaining image is any other.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from alignet_ray.demo_world.categories import paths
from alignet_ray.errors import ConfigError

_MAX_ROUNDS = 50


def sample_triplets(
    categories: Int[np.ndarray, " objects"], num_triplets: int, rng: np.random.Generator
) -> Int[np.ndarray, "{num_triplets} 3"]:
    """Different triplets of rows of `categories`, a third of each kind, in random order.

    Raises ConfigError where there are too few objects for that many different triplets.
    """
    superordinate, basic, _ = paths(categories).T
    groupings = (np.zeros_like(basic), superordinate, basic)
    found = np.empty((0, 3), dtype=np.int64)
    for k, groups in enumerate(groupings, 1):
        found = _grow(found, groups, num_triplets * k // len(groupings), rng)
    if len(found) < num_triplets:
        raise ConfigError(
            f"{len(categories)} objects",
            f"enough for {num_triplets} different triplets, {len(found)} were found",
            "sample_triplets",
            "Ask for fewer triplets or more objects.",
        )
    return rng.permuted(rng.permutation(found), axis=1)


def _grow(
    found: Int[np.ndarray, "found 3"],
    groups: Int[np.ndarray, " objects"],
    wanted: int,
    rng: np.random.Generator,
) -> Int[np.ndarray, "all 3"]:
    """Add sorted triplets with two images of one group until there are `wanted` different ones."""
    for _ in range(_MAX_ROUNDS):
        missing = wanted - len(found)
        if missing <= 0:
            break
        drawn = np.concatenate([found, _draw(groups, missing, rng)])
        _, first_rows = np.unique(drawn, axis=0, return_index=True)
        found = drawn[np.sort(first_rows)]
    return found


def _draw(
    groups: Int[np.ndarray, " objects"], count: int, rng: np.random.Generator
) -> Int[np.ndarray, "drawn 3"]:
    """At most `count` sorted triplets: any image, one of its group, and any third."""
    by_group = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[by_group], groups)
    sizes = np.bincount(groups)[groups]
    first, third = rng.integers(len(groups), size=(2, count))
    second = by_group[starts[first] + rng.integers(sizes[first])]
    rows = np.sort(np.stack([first, second, third], axis=1), axis=1)
    return rows[(rows[:, 0] < rows[:, 1]) & (rows[:, 1] < rows[:, 2])]
