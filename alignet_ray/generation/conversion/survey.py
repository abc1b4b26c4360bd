"""The first pass over released triplets: what they are, which images they name, what is wrong.

One task streams one file and keeps only counts, the digest and one bit an image, so that nothing
is decoded or written before everything that cannot be converted has been refused.
"""

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float, Int

from alignet_ray.errors import InputError
from alignet_ray.functional.released_triplets import is_odd_one_last
from alignet_ray.generation.conversion.names import MISSING, NameTable, as_strings
from alignet_ray.generation.conversion.released import ReleasedTriplets, Rows, open_released
from alignet_ray.records.digests import digest

_NAMES_SHOWN = 3


@dataclass
class Finding:
    """How many rows have a fault, where the first one is, and a few of the names at fault."""

    count: int = 0
    first_row: int = -1
    names: list[str] = field(default_factory=list)

    def add(self, first: int, is_wrong: Bool[np.ndarray, "rows"], names: pa.Array = None) -> None:
        """Count the wrong ones of the rows from `first` on; `names` are the wrong ones' own."""
        wrong = np.flatnonzero(is_wrong)
        if not len(wrong):
            return
        if not self.count:
            self.first_row = first + int(wrong[0])
        self.count += len(wrong)
        if names is not None and len(self.names) < _NAMES_SHOWN:
            self.names = list(dict.fromkeys([*self.names, *names.to_pylist()]))[:_NAMES_SHOWN]


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What one file holds; `is_named` marks the images of the triplets whose images all exist."""

    place: str
    num_rows: int
    sha256: str
    is_named: Bool[np.ndarray, "images"]
    missing: Finding
    ambiguous: Finding
    repeated: Finding
    not_finite: Finding
    odd_not_last: Finding

    def refuse_faults(self, images: str, *, skip_missing: bool) -> None:
        """Raise InputError for what cannot be converted; `images` says where they were sought."""
        self._refuse_rows(self.not_finite, "a similarity that is not finite", "finite numbers", "")
        self._refuse_rows(
            self.odd_not_last,
            "s01 below s02 or s12",
            "image 2 the odd one out, so that [s01, s02, s12] has s01 as its largest",
            "This is another layout: reorder the images of these rows.",
        )
        self._refuse_rows(self.repeated, "one image twice", "three different images", "")
        if self.ambiguous.count:
            raise InputError(
                f"{self.ambiguous.count:,} of {self.num_rows:,} triplets name an image that "
                f"several have, such as {_listed(self.ambiguous)}",
                f"one image of that name in {images}",
                self.place,
                "Name it by its key, with its folder, or leave one of them out.",
            )
        if self.missing.count and not skip_missing:
            raise InputError(
                f"{self.missing.count:,} of {self.num_rows:,} triplets name an image that is not "
                f"there, such as {_listed(self.missing)}",
                f"all of them in {images}",
                self.place,
                "Give the folder that has them, or drop these triplets by --skip-missing.",
            )
        if not self.is_named.any():
            raise InputError("no triplet with three images", f"some in {images}", self.place)

    def _refuse_rows(self, found: Finding, fault: str, expectation: str, remedy: str) -> None:
        if found.count:
            raise InputError(
                f"{fault} in {found.count:,} of {self.num_rows:,} rows, "
                f"first in row {found.first_row} counted from 0",
                expectation, self.place, remedy,
            )  # fmt: skip


def _listed(found: Finding) -> str:
    more = ", ..." if found.count > len(found.names) else ""
    return ", ".join(map(repr, found.names)) + more


def survey_triplets(url: str, table: NameTable, max_rows: int | None) -> Survey:
    """Stream the file once. Raises InputError where it has not the released layout."""
    hashes = {"filenames": hashlib.sha256(), "similarities": hashlib.sha256()}
    is_named = np.zeros(table.num_images, dtype=bool)
    findings = [Finding() for _ in range(5)]
    missing, ambiguous, repeated, not_finite, odd_not_last = findings
    with open_released(url, max_rows) as released:
        for rows in released.rows():
            hashes["filenames"].update(rows.names.tobytes())
            hashes["similarities"].update(rows.similarities.tobytes())
            _add_similarities(rows, not_finite, odd_not_last)
            names = as_strings(rows.names, released.place)
            ids, is_ambiguous = table.find(names)
            ids = ids.reshape(-1, 3)
            is_missing = ids == MISSING
            missing.add(
                rows.first, np.logical_or.reduce(is_missing, axis=1), _chosen(names, is_missing)
            )
            is_shared = is_ambiguous.reshape(-1, 3)
            ambiguous.add(
                rows.first, np.logical_or.reduce(is_shared, axis=1), _chosen(names, is_shared)
            )
            is_whole = ~np.logical_or.reduce(is_missing, axis=1)
            repeated.add(rows.first, has_repeats(ids) & is_whole)
            is_named[ids[is_whole]] = True
        sha256 = _digest(released, {name: state.hexdigest() for name, state in hashes.items()})
        return Survey(
            place=released.place,
            num_rows=released.num_rows,
            sha256=sha256,
            is_named=is_named,
            missing=missing,
            ambiguous=ambiguous,
            repeated=repeated,
            not_finite=not_finite,
            odd_not_last=odd_not_last,
        )


def _add_similarities(rows: Rows, not_finite: Finding, odd_not_last: Finding) -> None:
    is_finite = np.logical_and.reduce(np.isfinite(as_float32(rows)), axis=1)
    not_finite.add(rows.first, ~is_finite)
    odd_not_last.add(rows.first, ~is_odd_one_last(rows.similarities.astype(np.float64)) & is_finite)


def as_float32(rows: Rows) -> Float[np.ndarray, "rows 3"]:
    """The similarities as shards hold them; what is beyond float32 becomes infinite."""
    with np.errstate(over="ignore"):
        return rows.similarities.astype(np.float32)


def has_repeats(ids: Int[np.ndarray, "rows 3"]) -> Bool[np.ndarray, "rows"]:
    """Whether a triplet shows one image twice."""
    first, second, third = ids.T
    return (first == second) | (first == third) | (second == third)


def _chosen(names: pa.Array, is_chosen: Bool[np.ndarray, "rows 3"]) -> pa.Array:
    """The first few names that are chosen."""
    places = np.flatnonzero(is_chosen.reshape(-1))
    return names.take(pa.array(places[: 10 * _NAMES_SHOWN]))


def _digest(released: ReleasedTriplets, hashes: dict[str, str]) -> str:
    """Of the rows that are taken and their types, however the file is compressed."""
    return digest({"rows": released.num_rows, "dtypes": released.dtypes, "sha256": hashes})
