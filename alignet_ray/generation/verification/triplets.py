"""Whether the resolved triplets of a converted run are what their index and the settings say.

The released file itself is not here: that the rows are its rows is vouched for by the sidecars.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Int

from alignet_ray.errors import RecordError
from alignet_ray.functional.released_triplets import is_odd_one_last
from alignet_ray.generation.conversion.survey import has_repeats
from alignet_ray.generation.conversion.triplets import (
    INDEX_NAME,
    PART_ROWS,
    ROW_GROUP_ROWS,
    TripletIndex,
    as_arrays,
    triplet_folder,
)
from alignet_ray.generation.verification.findings import (
    Problem,
    Record,
    examine,
    expect,
    read_canonical,
)
from alignet_ray.generation.verification.parts import parse_columns, read_part
from alignet_ray.generation.verification.rules import RunRules
from alignet_ray.records.digests import digest
from alignet_ray.records.parts import part_name

_TYPES: dict[str, pa.DataType | str] = {
    "image_0": pa.int64(), "image_1": pa.int64(), "image_2": pa.int64(),
    "s01": pa.float32(), "s02": pa.float32(), "s12": pa.float32(),
}  # fmt: skip
_COUNTS = ("num_triplets", "num_images", "num_missing", "num_rejected")


@dataclass(frozen=True, kw_only=True)
class TripletsFinding:
    """What is wrong, the index (None: it cannot be trusted), the bytes of sound parts, and which
    parts of the image table hold a shown image (none where quick).
    """

    problems: tuple[Problem, ...]
    index: TripletIndex | None = None
    num_bytes: int = 0
    image_parts: frozenset[int] = frozenset()


def check_triplets(split: str, rules: RunRules) -> TripletsFinding:
    """Check the index and then every part of a split, one after the other."""
    record = Record(kind="triplet_index", split=split)
    index = examine(record, lambda: _index(split, rules))
    if isinstance(index, Problem):
        return TripletsFinding(problems=(index,))
    problems: list[Problem] = []
    is_shown = np.zeros(rules.layout.num_rows, dtype=bool)
    num_bytes = 0
    for part in range(index.layout.num_parts):
        found = check_triplet_part(split, part, index, rules)
        if isinstance(found, Problem):
            problems.append(found)
            continue
        num_bytes += found.num_bytes
        is_shown[found.image_ids] = True
    if not problems and not rules.is_quick:
        place = triplet_folder(rules.root, split).place(INDEX_NAME)
        count = int(is_shown.sum())
        wrong = examine(record, lambda: expect(index.num_images, count, "num_images", place))
        problems += [wrong] if wrong is not None else []
    parts = np.unique(np.flatnonzero(is_shown) // rules.layout.part_rows).tolist()
    return TripletsFinding(
        problems=tuple(problems), index=index, num_bytes=num_bytes, image_parts=frozenset(parts)
    )


def _index(split: str, rules: RunRules) -> TripletIndex:
    folder = triplet_folder(rules.root, split)
    place = folder.place(INDEX_NAME)
    fields, _ = read_canonical(folder, INDEX_NAME)
    try:
        index = TripletIndex(**fields)
    except TypeError as error:
        raise RecordError(f"fields {sorted(fields)}", "an index of triplets", place) from error
    expect(index.digest, rules.settings.shards_digest, "settings' digest", place)
    expect((index.part_rows, index.row_group_rows), (PART_ROWS, ROW_GROUP_ROWS), "rows", place)
    for name in _COUNTS:
        if type(fields[name]) is not int or fields[name] < 0:
            raise RecordError(f"{name} {fields[name]!r}", "a count", place)
    if not index.num_triplets:
        raise RecordError("no triplets", "some that can be shown", place)
    released = rules.settings.shards["converted"][split]["num_triplets"]
    total = index.num_triplets + index.num_missing + index.num_rejected
    expect(total, released, "number of triplets, kept and dropped,", place)
    return index


@dataclass(frozen=True, kw_only=True)
class TripletPart:
    """A sound part: its bytes in number and the images that it shows (none where quick)."""

    num_bytes: int
    image_ids: Int[np.ndarray, "images"]


def check_triplet_part(
    split: str, part: int, index: TripletIndex, rules: RunRules
) -> TripletPart | Problem:
    """What a part holds, or what is wrong with it."""
    record = Record(kind="triplets", number=part, split=split)
    return examine(record, lambda: _part(split, part, index, rules))


def _part(split: str, part: int, index: TripletIndex, rules: RunRules) -> TripletPart:
    folder = triplet_folder(rules.root, split)
    place = folder.place(part_name(part))
    sidecar, data = read_part(folder, part, rules.settings.shards_digest, is_quick=rules.is_quick)
    if data is None:
        return TripletPart(num_bytes=sidecar["bytes"], image_ids=np.array([], dtype=np.int64))
    table = parse_columns(data, part, _TYPES, index.layout, place)
    if any(table.column(name).null_count for name in _TYPES):
        raise RecordError("empty values", "three images and similarities in every row", place)
    ids, similarities = as_arrays(table)
    outside = (ids < 0) | (ids >= rules.layout.num_rows)
    faults = {
        f"an image outside 0 to {rules.layout.num_rows - 1}": outside.any(axis=1),
        "one image twice": has_repeats(ids),
        "a similarity that is not finite": ~np.isfinite(similarities).all(axis=1),
        "another odd one out than the last image": ~is_odd_one_last(
            similarities.astype(np.float64)
        ),
    }
    for fault, is_at in faults.items():
        if is_at.any():
            row = index.layout.rows(part).start + int(np.flatnonzero(is_at)[0])
            raise RecordError(f"{fault} in triplet {row}", "a triplet as released", place)
    return TripletPart(num_bytes=len(data), image_ids=np.unique(ids))


def check_rejects(split: str, rules: RunRules, rejected: Collection[int] | None) -> Problem | None:
    """Whether the triplets were resolved with the rejects that the image table has (None: nobody
    knows them). Of a borrowed table only the named ones count, which nothing here tells.
    """
    index = rules.triplets.get(split)
    if index is None or rejected is None:
        return None
    named = sorted(rejected)
    if rules.borrows_images:
        if named and index.num_rejected:
            return None
        if named and any(other.num_rejected for other in rules.triplets.values()):
            return None
        named = []
    place = triplet_folder(rules.root, split).place(INDEX_NAME)
    record = Record(kind="triplet_index", split=split)
    return examine(record, lambda: expect(index.rejects, digest(named), "digest of rejects", place))
