"""What people said about objects, matched by object id and never by position.

A names file (one object id a line) gives row numbers their meaning. Two orders of the same objects
exist in the wild, so whatever has rows needs its names file.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int

from alignet_ray.errors import InputError
from alignet_ray.functional.agreement import triplet_codes
from alignet_ray.functional.object_folds import is_within
from alignet_ray.records.store import read_url
from alignet_ray.records.wording import NUM_SHOWN, numbered

_LEAST_NAMES = 3

Triplets = TypeVar("Triplets", bound="HumanTriplets")


@dataclass(frozen=True, kw_only=True)
class HumanTriplets:
    """Triplets of object ids, as rows of `names`."""

    names: tuple[str, ...]
    triplets: Int[np.ndarray, "triplets 3"]

    def rows_among(
        self, object_ids: Sequence[str]
    ) -> tuple[Int[np.ndarray, "kept 3"], Bool[np.ndarray, "triplets"]]:
        """The triplets as rows of `object_ids`, and which ones have all three there."""
        row_of = {object_id: row for row, object_id in enumerate(object_ids)}
        rows = np.array([row_of.get(name, -1) for name in self.names], dtype=np.int64)
        kept = self.is_among(object_ids)
        return rows[self.triplets[kept]], kept

    def is_among(self, object_ids: Sequence[str]) -> Bool[np.ndarray, "triplets"]:
        """Which triplets have all three objects among `object_ids`."""
        among = frozenset(object_ids)
        is_known = np.array([name in among for name in self.names], dtype=bool)
        return is_within(self.triplets, is_known)


@dataclass(frozen=True, kw_only=True)
class HumanChoices(HumanTriplets):
    """One row per choice: the position (0, 1, 2) of the odd one out, and who said so.

    Equal numbers in `subjects` are one person; None where it is not known who said what.
    `is_numbered` where the file held numbers, which mean what the names file's order says.
    """

    odd_position: Int[np.ndarray, "triplets"]
    subjects: Int[np.ndarray, "triplets"] | None = None
    is_numbered: bool = False

    @property
    def probabilities(self) -> Float[np.ndarray, "triplets 3"]:
        """Hard labels in pair order: all weight on the pair that the odd one is not in."""
        return np.eye(3, dtype=np.float32)[2 - self.odd_position]


@dataclass(frozen=True, kw_only=True)
class HumanProbabilities(HumanTriplets):
    """Probability of each pair, in pair order, to be called the most similar one."""

    probabilities: Float[np.ndarray, "triplets 3"]


def without_triplets_of(own: Triplets, others: HumanTriplets) -> Triplets:
    """The same less every row whose three objects, in any order, are a row of `others`."""
    shown = triplet_codes(others.rows_among(own.names)[0], len(own.names))
    rows = ~np.isin(triplet_codes(own.triplets, len(own.names)), shown)
    arrays = {
        field.name: value[rows]
        for field in fields(own)
        if isinstance(value := getattr(own, field.name), np.ndarray)
    }
    return replace(own, **arrays)


def read_names(url: str) -> tuple[str, ...]:
    """Object ids, one a line; the line number gives numbers their meaning."""
    try:
        lines = read_url(url).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(
            f"not UTF-8 ({error.reason})", "one object id a line", url, "Save it as UTF-8 text."
        ) from error
    while lines and not lines[-1].strip():
        lines.pop()
    names = [line.strip() for line in lines]
    if len(names) < _LEAST_NAMES:
        raise InputError(
            f"{len(names)} names", "at least 3 object ids, one a line", url,
            "A triplet needs three objects.",
        )  # fmt: skip
    refuse_repeated(names, "line", url)
    return tuple(names)


def refuse_repeated(names: Sequence[str], unit: str, place: str) -> None:
    """Raise InputError for empty or repeated ids, naming their lines or rows (from 1)."""
    seen: dict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(names, 1):
        seen[name].append(number)
    if "" in seen:
        raise InputError(
            f"empty {numbered(unit, seen[''])}", f"one object id a {unit}", place,
            "Take them out, and what they count.",
        )  # fmt: skip
    repeated = {name: numbers for name, numbers in seen.items() if len(numbers) > 1}
    if repeated:
        listed = ", ".join(
            f"{name!r} on {numbered(unit, at)}" for name, at in islice(repeated.items(), NUM_SHOWN)
        )
        raise InputError(
            f"repeated object ids: {listed}", "each id once", place, "Give each object its own id."
        )


def repeats(triplets: Int[np.ndarray, "rows 3"]) -> Bool[np.ndarray, "rows"]:
    """Which triplets hold an object twice."""
    first, second, third = triplets.T
    return (first == second) | (first == third) | (second == third)
