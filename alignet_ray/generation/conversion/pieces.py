"""The pieces of an exported file: one task a shard reads its groups and draws their triplets.

    FILE.npz.work/000000.parquet         image ids and similarities, odd one last, in order
    FILE.npz.work/000000.names.parquet   the name of every image that they show

A piece is a pure function of (seed, split, shard, its groups), whole or absent.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Int, Shaped

from alignet_ray.errors import RecordError
from alignet_ray.functional.groups import triplet_positions
from alignet_ray.functional.odd_one_out import PAIR_ORDER
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.functional.released_triplets import drawn_triplets, odd_one_last
from alignet_ray.generation.conversion.triplets import Ids, Similarities, as_arrays, as_table
from alignet_ray.records.manifest import ManifestShard
from alignet_ray.records.parquet import parquet_bytes, read_parquet
from alignet_ray.records.shards import (
    Group,
    end_of_read,
    read_groups,
    read_sidecar,
    shard_folder,
    tar_name,
)
from alignet_ray.records.store import Folder

ROWS_AT_ONCE = 1 << 16
_READ_BYTES = 4 << 20


@dataclass(frozen=True, kw_only=True)
class PieceRequest:
    """Which triplets of which split, and where the pieces go."""

    root: Folder
    split: str
    strategy: str
    blocks: tuple[int, ...]
    most: int | None
    seed: int
    has_base_names: bool
    work: Folder


def piece_name(shard: int) -> str:
    """File name of a shard's triplets."""
    return f"{shard:06d}.parquet"


def names_name(shard: int) -> str:
    """File name of the names of a shard's images."""
    return f"{shard:06d}.names.parquet"


def group_triplets(group: Group, positions: Int[np.ndarray, "drawn 3"]) -> tuple[Ids, Similarities]:
    """Image ids and similarities of some of a group's triplets, the odd one last."""
    columns = [group.similarities[positions[:, i], positions[:, j]] for i, j in PAIR_ORDER]
    image_ids = np.array(group.image_ids, dtype=np.int64)
    return odd_one_last(image_ids[positions], np.column_stack(columns))


def write_piece(line: ManifestShard, request: PieceRequest) -> int:
    """Write a shard's triplets and names; returns how many triplets they are."""
    positions = triplet_positions(request.strategy, request.blocks)
    stream = RandomStream(request.seed, "convert", request.split, line.shard)
    ids: list[np.ndarray] = []
    similarities: list[np.ndarray] = []
    names: dict[int, str] = {}
    for group in _groups(line, request):
        drawn = positions[drawn_triplets(stream, len(positions), request.most)]
        triplets, pairs = group_triplets(group, drawn)
        ids.append(triplets)
        similarities.append(pairs)
        keys = dict(zip(group.image_ids, group.keys, strict=True))
        names.update({i: keys[i] for i in np.unique(triplets).tolist()})
    shown = sorted(names)
    listed = [_name(names[i], request.has_base_names) for i in shown]
    table = pa.table({"image_id": pa.array(shown, pa.int64()), "name": pa.array(listed)})
    request.work.write(names_name(line.shard), parquet_bytes(table, ROWS_AT_ONCE))
    rows = as_table(np.concatenate(ids), np.concatenate(similarities))
    request.work.write(piece_name(line.shard), parquet_bytes(rows, ROWS_AT_ONCE))
    return rows.num_rows


def _name(key: str, is_base_name: bool) -> str:
    return key.rsplit("/", 1)[-1] if is_base_name else key


def _groups(line: ManifestShard, request: PieceRequest) -> Iterator[Group]:
    """The shard's groups, each checked against its SHA-256 and for what can be exported."""
    folder = shard_folder(request.root, request.split)
    shard = read_sidecar(folder, line.shard)
    first, last = 0, shard.num_groups
    while first < last:
        end = end_of_read(shard, first, last, _READ_BYTES)
        for group in read_groups(folder, shard, first, end):
            if group.blocks != request.blocks or not np.isfinite(group.similarities).all():
                raise RecordError(
                    f"a group of blocks {list(group.blocks)} or with similarities not finite",
                    f"finite ones of {list(request.blocks)}, which the manifest names",
                    folder.place(tar_name(line.shard)), "Verify the run.",
                )  # fmt: skip
            yield group
        first = end


def read_names(work: Folder, shard: int) -> tuple[Int[np.ndarray, "images"], pa.ChunkedArray]:
    """Image ids in rising order, and their names."""
    table = read_parquet(work, names_name(shard), ("image_id", "name"))
    return table.column("image_id").to_numpy(), table.column("name")


def read_piece(work: Folder, shard: int, num_rows: int) -> Iterator[tuple[Ids, Similarities]]:
    """A shard's triplets, `ROWS_AT_ONCE` at a time."""
    columns = ("image_0", "image_1", "image_2", "s01", "s02", "s12")
    for row_group in range(-(-num_rows // ROWS_AT_ONCE)):
        yield as_arrays(read_parquet(work, piece_name(shard), columns, [row_group]))


def named(
    ids: Ids, image_ids: Int[np.ndarray, "images"], names: Shaped[np.ndarray, "images"]
) -> Shaped[np.ndarray, "rows 3"]:
    """The names of the triplets' images; `image_ids` rise."""
    return names[np.searchsorted(image_ids, ids)]
