"""Claim: the label stage takes at most 1.5 times as long as plainly reading the same rows and
writing the same tars with Python's `tarfile`.

In turns, in one process with one thread, on one disk:

- `make_shard`: draw, read the pool's cluster ids, read the drawn images and embeddings, Gram
  matrices, tar, checksums of pages, of every sample and of the whole, sidecar;
- plain: read the same row groups with pyarrow (images, keys, labels; cluster ids, embeddings) and
  write the same members with `tarfile`. It is told what was drawn, is given every Gram matrix and
  JSON ready-made, and checks nothing;
- images alone: the same, but of the row groups it reads nothing but the images.

The tars are compared byte by byte before anything is timed. All ways fsync what they write and
read from the page cache; a folder in memory (`--folder /dev/shm`) leaves the disk out.
"""

import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from alignet_ray.generation.labelling import LabelRequest, make_shard
from alignet_ray.records.clusters import CLUSTERS_FOLDER
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.parts import part_name
from alignet_ray.records.shards import read_sidecar, shard_folder, tar_name
from alignet_ray.records.store import Folder
from tables import ROW_GROUP_ROWS, label_request, photographs, write_table
from timing import in_turns, parser_of, ratio_line, use_one_thread

CLAIM = 1.5
GROUPS = {"48x4": (4,) * 48, "triplet": (2, 1)}
NUM_CLUSTERS = 500
IMAGES_ALONE = {IMAGES_FOLDER: ["image"]}
SAME_ROWS = {
    IMAGES_FOLDER: ["image", "extension", "key", "label"],
    CLUSTERS_FOLDER: ["image_id", "cluster_id", "embedding"],
}


@dataclass(frozen=True, kw_only=True)
class PlainShard:
    """What the plain way is told of a shard: rows to read, and members in order."""

    rows_of_parts: dict[int, list[int]]
    members: list[tuple[str, int | bytes]]


def plain_shard(request: LabelRequest, shard: int) -> PlainShard:
    """A finished shard's members: an image as its row, everything else as its bytes."""
    folder = shard_folder(request.root, request.split.split)
    data = folder.read(tar_name(shard))
    members: list[tuple[str, int | bytes]] = []
    for sample in read_sidecar(folder, shard).samples:
        contents = {suffix: data[at : at + size] for suffix, at, size in sample["members"]}
        rows = iter(json.loads(contents["json"])["image_ids"])
        for suffix, content in contents.items():
            is_image = suffix.endswith(".jpg")
            members.append((f"{sample['key']}.{suffix}", next(rows) if is_image else content))
    rows_of_parts: dict[int, list[int]] = {}
    for row in sorted({content for _, content in members if isinstance(content, int)}):
        rows_of_parts.setdefault(row // request.layout.part_rows, []).append(row)
    return PlainShard(rows_of_parts=rows_of_parts, members=members)


def write_plainly(
    request: LabelRequest, shard: PlainShard, path: Path, columns: Mapping[str, list[str]]
) -> None:
    """Read columns of both tables part by part, write the tar member by member, fsync."""
    images: dict[int, bytes] = {}
    for part, rows in shard.rows_of_parts.items():
        groups = sorted({row % request.layout.part_rows // ROW_GROUP_ROWS for row in rows})
        tables = [
            pq.ParquetFile(request.root.folder(name).path(part_name(part))).read_row_groups(
                groups, columns=wanted
            )
            for name, wanted in columns.items()
        ]
        images.update(chosen(tables[0].column("image"), groups, rows, request.layout.part_rows))
    with path.open("wb") as stream:
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for name, content in shard.members:
                data = images[content] if isinstance(content, int) else content
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        stream.flush()
        os.fsync(stream.fileno())


def chosen(
    column: pa.ChunkedArray, groups: list[int], rows: list[int], part_rows: int
) -> dict[int, bytes]:
    """Images by row, out of the row groups of one part."""
    starts = {group: place * ROW_GROUP_ROWS for place, group in enumerate(groups)}
    places = [divmod(row % part_rows, ROW_GROUP_ROWS) for row in rows]
    taken = (column[starts[group] + inside].as_py() for group, inside in places)
    return dict(zip(rows, taken, strict=True))


def ways(
    request: LabelRequest, num_shards: int, plain_folder: Path
) -> dict[str, Callable[[], None]]:
    """The ways over the same shards, after comparing what they write."""
    ours = shard_folder(request.root, request.split.split)
    for shard in range(num_shards):
        make_shard(shard, request)
    plain_shards = [plain_shard(request, shard) for shard in range(num_shards)]
    paths = [plain_folder / tar_name(shard) for shard in range(num_shards)]

    def make() -> None:
        shutil.rmtree(ours.path(""))  # a shard that is there would be kept
        for shard in range(num_shards):
            make_shard(shard, request)

    def plain(columns: Mapping[str, list[str]]) -> None:
        for path, shard in zip(paths, plain_shards, strict=True):
            path.unlink(missing_ok=True)
            write_plainly(request, shard, path, columns)

    plain(SAME_ROWS)
    for path in paths:
        assert path.read_bytes() == ours.read(path.name), f"{path} differs from the label stage's"
    return {
        "make_shard": make,
        "plain": partial(plain, SAME_ROWS),
        "images alone": partial(plain, IMAGES_ALONE),
    }


def main() -> None:
    """Make a table, time both ways for each kind of group, print the ratios."""
    parser = parser_of(__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="images in the table")
    parser.add_argument("--dim", type=int, default=1152, help="features of an embedding")
    parser.add_argument("--shards", type=int, default=2, help="shards in one turn")
    parser.add_argument("--repeats", type=int, default=5, help="turns")
    parser.add_argument("--group", choices=GROUPS, action="append", help="default: both")
    parser.add_argument("--folder", help="where to write (default: the folder for temporaries)")
    asked = parser.parse_args()
    use_one_thread()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        root = Folder.at(f"{folder}/run")
        layout = write_table(
            root, num_rows=asked.rows, dim=asked.dim, num_clusters=NUM_CLUSTERS,
            image_bytes=photographs(),
        )  # fmt: skip
        for group in asked.group or GROUPS:
            request = label_request(root, layout, num_clusters=NUM_CLUSTERS, blocks=GROUPS[group])
            timings = in_turns(ways(request, asked.shards, Path(folder)), asked.repeats)
            print(f"{group}: {asked.shards} shards of {request.split.groups_per_shard} groups")
            for timing in timings:
                print(timing.line())
            made, plain, images_alone = timings
            print(ratio_line(made, plain, f"at most {CLAIM}"))
            print(ratio_line(made, images_alone))


if __name__ == "__main__":
    main()
