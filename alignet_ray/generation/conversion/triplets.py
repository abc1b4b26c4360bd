"""The resolved triplets: image ids and similarities in parts of a fixed number of rows.

    triplets/<split>/part-000000.parquet   image_0..2 and s01, s02, s12; a sidecar beside it
    triplets/<split>/triplets.json         written last: counts, and what the parts were made from

Names are gone, and so are the triplets that cannot be shown; a shard is a run of rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Int

from alignet_ray.errors import InputError, RecordError
from alignet_ray.generation.conversion.names import MISSING, NameTable, as_strings
from alignet_ray.generation.conversion.released import open_released
from alignet_ray.generation.conversion.survey import as_float32
from alignet_ray.records.digests import canonical_json, parse_json
from alignet_ray.records.parquet import parquet_bytes, read_parquet
from alignet_ray.records.parts import PartLayout, missing_parts, part_name, write_part
from alignet_ray.records.store import Folder

TRIPLETS_FOLDER = "triplets"
INDEX_NAME = "triplets.json"
PART_ROWS = 1 << 17
ROW_GROUP_ROWS = 1 << 12

_IMAGES = ("image_0", "image_1", "image_2")
_PAIRS = ("s01", "s02", "s12")

Ids = Int[np.ndarray, "rows 3"]
Similarities = Float32[np.ndarray, "rows 3"]


@dataclass(frozen=True, kw_only=True)
class TripletIndex:
    """What `triplets.json` says: counts, and the digests of settings and of rejected images."""

    digest: str
    rejects: str
    num_triplets: int
    num_images: int
    num_missing: int
    num_rejected: int
    part_rows: int
    row_group_rows: int

    @property
    def layout(self) -> PartLayout:
        """How the triplets are cut into parts."""
        return PartLayout(
            num_rows=self.num_triplets,
            part_rows=self.part_rows,
            row_group_rows=self.row_group_rows,
        )


@dataclass(frozen=True, kw_only=True)
class ResolveRequest:
    """What a split's parts are made from, but its file; `rejects` is the digest of `rejected`."""

    root: Folder
    rejected: Int[np.ndarray, "rejects"]
    rejects: str
    settings_digest: str
    max_rows: int | None
    part_rows: int = PART_ROWS
    row_group_rows: int = ROW_GROUP_ROWS


def triplet_folder(root: Folder, split: str) -> Folder:
    """Where the triplets of a split lie."""
    return root.folder(f"{TRIPLETS_FOLDER}/{split}")


def read_index(root: Folder, split: str) -> TripletIndex | None:
    """The index of a split's triplets, or None where they are not finished."""
    folder = triplet_folder(root, split)
    if not folder.exists(INDEX_NAME):
        return None
    place = folder.place(INDEX_NAME)
    fields = parse_json(folder.read(INDEX_NAME), place)
    try:
        return TripletIndex(**fields)
    except TypeError as error:
        raise RecordError(
            f"fields {sorted(fields)}", "an index of triplets", place, "Delete it and run again."
        ) from error


def current_index(root: Folder, split: str, settings_digest: str, rejects: str) -> (
    TripletIndex | None
):  # fmt: skip
    """The index, if its parts are all there and made from these settings and rejects."""
    index = read_index(root, split)
    if index is None or (index.digest, index.rejects) != (settings_digest, rejects):
        return None
    return None if missing_parts(triplet_folder(root, split), index.layout.num_parts) else index


def resolve_triplets(item: tuple[str, str], table: NameTable, request: ResolveRequest) -> None:
    """Write the parts of a (split, file) and, after them, the index.

    Raises InputError where no triplet is left.
    """
    split, url = item
    folder = triplet_folder(request.root, split)
    folder.delete(INDEX_NAME)
    counts = _Counts(table.num_images)
    num_parts = 0
    for ids, similarities in _in_parts(_kept(url, table, request, counts), request.part_rows):
        data = parquet_bytes(as_table(ids, similarities), request.row_group_rows)
        write_part(folder, num_parts, data, request.settings_digest, {})
        num_parts += 1
    for name in folder.sizes():  # of a time when fewer images were rejected
        if name.startswith("part-") and int(name[5:11]) >= num_parts:
            folder.delete(name)
    if not counts.kept:
        raise InputError(
            f"all {counts.missing + counts.rejected:,} triplets show a missing or rejected image",
            "some that can be shown", url,
        )  # fmt: skip
    index = TripletIndex(
        digest=request.settings_digest,
        rejects=request.rejects,
        num_triplets=counts.kept,
        num_images=int(counts.is_shown.sum()),
        num_missing=counts.missing,
        num_rejected=counts.rejected,
        part_rows=request.part_rows,
        row_group_rows=request.row_group_rows,
    )
    folder.write(INDEX_NAME, canonical_json(vars(index)))


class _Counts:
    """Rows kept and dropped so far, and the images of the kept ones."""

    def __init__(self, num_images: int) -> None:
        self.kept = self.missing = self.rejected = 0
        self.is_shown = np.zeros(num_images, dtype=bool)


def _kept(
    url: str, table: NameTable, request: ResolveRequest, counts: _Counts
) -> Iterator[tuple[Ids, Similarities]]:
    """Image ids and similarities of the triplets that can be shown, in the file's order."""
    is_rejected = np.zeros(table.num_images, dtype=bool)
    is_rejected[request.rejected] = True
    with open_released(url, request.max_rows) as released:
        for rows in released.rows():
            found, _ = table.find(as_strings(rows.names, released.place))
            ids = found.reshape(-1, 3)
            is_missing = (ids == MISSING).any(axis=1)
            is_broken = is_rejected[ids].any(axis=1) & ~is_missing
            is_kept = ~(is_missing | is_broken)
            counts.missing += int(is_missing.sum())
            counts.rejected += int(is_broken.sum())
            counts.kept += int(is_kept.sum())
            counts.is_shown[ids[is_kept]] = True
            yield ids[is_kept], as_float32(rows)[is_kept]


def _in_parts(
    pieces: Iterator[tuple[Ids, Similarities]], part_rows: int
) -> Iterator[tuple[Ids, Similarities]]:
    """The same rows, `part_rows` at a time (the last ones fewer)."""
    ids, similarities = np.empty((0, 3), np.int64), np.empty((0, 3), np.float32)
    for more_ids, more_similarities in pieces:
        ids = np.concatenate([ids, more_ids])
        similarities = np.concatenate([similarities, more_similarities])
        while len(ids) >= part_rows:
            yield ids[:part_rows], similarities[:part_rows]
            ids, similarities = ids[part_rows:], similarities[part_rows:]
    if len(ids):
        yield ids, similarities


def as_table(ids: Ids, similarities: Similarities) -> pa.Table:
    """Image ids and similarities as the columns of a part."""
    columns = [*ids.T, *similarities.T]
    names = [*_IMAGES, *_PAIRS]
    return pa.table({n: np.ascontiguousarray(c) for n, c in zip(names, columns, strict=True)})


def read_triplets(
    folder: Folder, layout: PartLayout, start: int, end: int
) -> tuple[Ids, Similarities]:
    """Rows [start, end), reading only the row groups that hold them."""
    by_part: dict[int, list[int]] = {}
    for part, group in layout.row_groups(start, end):
        by_part.setdefault(part, []).append(group)
    table = pa.concat_tables(
        read_parquet(folder, part_name(part), (*_IMAGES, *_PAIRS), groups)
        for part, groups in by_part.items()
    )
    first = start // layout.row_group_rows * layout.row_group_rows
    return as_arrays(table.slice(start - first, end - start))


def as_arrays(table: pa.Table) -> tuple[Ids, Similarities]:
    """The columns as image ids and similarities."""
    ids = np.column_stack([table.column(name).to_numpy() for name in _IMAGES])
    return ids, np.column_stack([table.column(name).to_numpy() for name in _PAIRS])
