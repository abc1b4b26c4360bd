"""Where each image's bytes lie inside the image table, so that one image is one range read.

Released triplets draw their three images from anywhere: a shard of 2,048 touches nearly every row
group of an ImageNet-sized table, and reading those would be half the table a shard. A part of the
table is therefore read once, and what is kept is each image's byte range, checksum, key and label.
"""

import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Int

from alignet_ray.errors import RecordError
from alignet_ray.records.digests import sha256
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.parquet import parquet_bytes, read_parquet
from alignet_ray.records.parts import PartLayout, part_name, read_sidecar, sidecar_name, write_part
from alignet_ray.records.store import Folder
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks

PLACES_FOLDER = "triplets/places"

_SOURCE_COLUMNS = ("image", "extension", "key", "label", "reject_reason")
_COLUMNS = ("offset", "length", "crc32", "extension", "key", "label", "reject_reason")
_READ_THREADS = 16
_AGAIN = "Delete it and its sidecar and run the job that made it again."


@dataclass(frozen=True, kw_only=True)
class PlacesRequest:
    """Whose image table, and where what is found in it goes."""

    root: Folder
    image_root: Folder
    layout: PartLayout
    settings_digest: str


@dataclass(frozen=True, kw_only=True)
class Places:
    """The places of all images of some parts; travels to the tasks once, without being copied."""

    images: Folder
    layout: PartLayout
    table: pa.Table
    starts: dict[int, int]
    digests: dict[int, str]

    def rows(self, image_ids: Int[np.ndarray, "images"]) -> Int[np.ndarray, "images"]:
        """Rows of the table; all ids lie in its parts."""
        parts, inside = np.divmod(image_ids, self.layout.part_rows)
        own, which = np.unique(parts, return_inverse=True)
        starts = np.array([self.starts[part] for part in own.tolist()], dtype=np.int64)
        return starts[which] + inside

    def rejects(self, image_ids: Int[np.ndarray, "images"]) -> dict[int, tuple[str, str]]:
        """Key and reason of those of the images that are rejects."""
        found = self.table.select(["key", "reject_reason"]).take(pa.array(self.rows(image_ids)))
        is_reject = found.column("reject_reason").is_valid()
        rejected = image_ids[is_reject.to_numpy()].tolist()
        rows = found.filter(is_reject).to_pylist()
        return {
            i: (row["key"], row["reject_reason"]) for i, row in zip(rejected, rows, strict=True)
        }

    def part_digests(self, image_ids: Int[np.ndarray, "images"]) -> dict[str, str]:
        """SHA-256 of the parts of the image table that hold these images."""
        parts = np.unique(image_ids // self.layout.part_rows).tolist()
        return {f"{part:06d}": self.digests[part] for part in parts}

    def read_images(self, image_ids: Int[np.ndarray, "images"]) -> dict[int, dict[str, Any]]:
        """Bytes (`image`), extension, key and label of each image, by id.

        Raises RecordError where the bytes are not those that were found there.
        """
        rows = self.table.take(pa.array(self.rows(image_ids))).to_pylist()
        ids = image_ids.tolist()
        parts = (image_ids // self.layout.part_rows).tolist()
        with ThreadPoolExecutor(_READ_THREADS) as pool:
            images = list(pool.map(self._read_one, parts, rows))
        return {i: {**row, "image": d} for i, row, d in zip(ids, rows, images, strict=True)}

    def _read_one(self, part: int, row: dict[str, Any]) -> bytes:
        name, end = part_name(part), row["offset"] + row["length"]
        data = self.images.read_range(name, row["offset"], end)
        if zlib.crc32(data) != row["crc32"]:
            raise RecordError(
                f"other bytes for {row['key']} than when the part was read", "an unchanged part",
                self.images.place(name), _AGAIN,
            )  # fmt: skip
        return data


def find_places(
    request: PlacesRequest, parts: Iterable[int], *, shows_progress: bool
) -> tuple[list[int], dict[int, str]]:
    """Look through the parts that were not, or were made anew since; returns these, and the
    SHA-256 of every asked part of the image table.
    """
    images, folder = request.image_root.folder(IMAGES_FOLDER), request.root.folder(PLACES_FOLDER)
    numbers, present = list(parts), folder.sizes()

    def known(part: int) -> tuple[str, bool]:
        digest = read_sidecar(images, part)["sha256"]
        if part_name(part) not in present or sidecar_name(part) not in present:
            return digest, False
        own = read_sidecar(folder, part)
        same = own["digest"] == request.settings_digest
        return digest, same and own.get("images_sha256") == digest

    with ThreadPoolExecutor(_READ_THREADS) as pool:
        states = list(pool.map(known, numbers))
    missing = [part for part, (_, is_known) in zip(numbers, states, strict=True) if not is_known]
    with progress("places", len(missing), "parts", is_shown=shows_progress) as advance:
        for _ in map_tasks(write_places, missing, request):
            advance(1)
    return missing, {part: digest for part, (digest, _) in zip(numbers, states, strict=True)}


def write_places(part: int, request: PlacesRequest) -> None:
    """Read a part of the image table once and write where its images lie."""
    images = request.image_root.folder(IMAGES_FOLDER)
    place = images.place(part_name(part))
    data = images.read(part_name(part))
    digest = read_sidecar(images, part)["sha256"]
    if sha256(data) != digest:
        raise RecordError("another SHA-256 than its sidecar names", "the part as it was made",
                          place, _AGAIN)  # fmt: skip
    folder = request.root.folder(PLACES_FOLDER)
    found = parquet_bytes(places_table(data, place), request.layout.part_rows)
    write_part(folder, part, found, request.settings_digest, {"images_sha256": digest})


def places_table(data: bytes, place: str) -> pa.Table:
    """Where the images lie in the bytes of a part of the image table, and what they are."""
    source = pq.read_table(pa.BufferReader(data), columns=list(_SOURCE_COLUMNS))
    stored = [value.as_py() for value in source.column("image")]
    table = pa.table(
        {
            "offset": pa.array(image_offsets(data, stored, place), pa.int64()),
            "length": pa.array([len(image or b"") for image in stored], pa.int64()),
            "crc32": pa.array([zlib.crc32(image or b"") for image in stored], pa.uint32()),
            **{name: source.column(name) for name in _SOURCE_COLUMNS[1:]},
        }
    )
    return table.select(list(_COLUMNS))


def image_offsets(data: bytes, stored: Sequence[bytes | None], place: str) -> list[int]:
    """Where each image begins in the file; 0 for a reject.

    The file holds them in order and unaltered (PLAIN, no compression), and wherever the same bytes
    are found they are the same image. Raises RecordError where they are not found.
    """
    offsets: list[int] = []
    end = 0
    for image in stored:
        offset = data.find(image, end) if image is not None else 0
        if offset < 0:
            raise RecordError(
                "its images are encoded", "plain, uncompressed Parquet", place, _AGAIN
            )
        end = offset + len(image) if image is not None else end
        offsets.append(offset)
    return offsets


def load_places(request: PlacesRequest, digests: dict[int, str]) -> Places:
    """The places of the parts in `digests`, in one table."""
    folder = request.root.folder(PLACES_FOLDER)
    parts = sorted(digests)
    with ThreadPoolExecutor(_READ_THREADS) as pool:
        tables = list(pool.map(lambda part: read_parquet(folder, part_name(part), _COLUMNS), parts))
    starts = np.cumsum([0, *(table.num_rows for table in tables)]).tolist()
    return Places(
        images=request.image_root.folder(IMAGES_FOLDER),
        layout=request.layout,
        table=pa.concat_tables(tables).combine_chunks(),
        starts=dict(zip(parts, starts, strict=False)),
        digests=digests,
    )
