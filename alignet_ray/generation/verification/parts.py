"""Whether a part of the image table is what its sidecar and the listing say.

The sidecar's SHA-256 is compared before anything is parsed, so a flipped byte is found wherever
it lies, also in a Parquet footer, which has no checksum of its own.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float32

from alignet_ray.errors import RecordError
from alignet_ray.generation.verification.findings import (
    Problem,
    Record,
    examine,
    expect,
    expect_sha256,
    read_canonical,
    read_present,
    size_of_present,
)
from alignet_ray.generation.verification.rules import RunRules
from alignet_ray.models.preprocessing import DecodeError, decode_image, extension_of
from alignet_ray.records import image_table
from alignet_ray.records.digests import Json
from alignet_ray.records.image_table import IMAGES_FOLDER, accepted_rows
from alignet_ray.records.listing import read_rows
from alignet_ray.records.parquet import parse_parquet
from alignet_ray.records.parts import PartLayout, part_name, sidecar_name
from alignet_ray.records.store import Folder

VECTORS = "vectors"
"""Stands for the type of any fixed-size list of float32."""
ANYTHING = "anything"
"""Stands for any type."""

_TYPES: dict[str, pa.DataType | str] = {
    "image_id": pa.int64(), "key": pa.string(), "label": pa.string(), "image": pa.binary(),
    "extension": pa.string(), "width": pa.int32(), "height": pa.int32(),
    "embedding": VECTORS, "reject_reason": pa.string(),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ImagePart:
    """What the check of a part of the image table hands on to those of what was made from it.

    Bytes, keys and arrays are None where the part was not read (quick) or has no embeddings.
    """

    sha256: str
    num_bytes: int
    num_rejects: int
    data: bytes | None = field(default=None, repr=False)
    keys: list[str] | None = field(default=None, repr=False)
    accepted: Bool[np.ndarray, "rows"] | None = None
    embeddings: Float32[np.ndarray, "rows dim"] | None = field(default=None, repr=False)


def check_image_part(part: int, rules: RunRules) -> ImagePart | Problem:
    """What the part holds, or what is wrong with it."""
    return examine(Record(kind="images", number=part), lambda: _image_part(part, rules))


def read_part(
    folder: Folder, part: int, settings_digest: str, *, is_quick: bool
) -> tuple[Json, bytes | None]:
    """A part's sidecar and its bytes, as its sidecar names them; no bytes where quick.

    Raises RecordError where the two disagree or were made with other settings.
    """
    sidecar, _ = read_canonical(folder, sidecar_name(part))
    place = folder.place(sidecar_name(part))
    expect(sidecar.get("part"), part, "part", place)
    expect(sidecar.get("digest"), settings_digest, "settings' digest", place)
    expect(type(sidecar.get("sha256")), str, "sha256 is a", place)
    name = part_name(part)
    data = None if is_quick else read_present(folder, name)
    size = size_of_present(folder, name) if data is None else len(data)
    expect(size, sidecar.get("bytes"), "bytes", folder.place(name))
    if data is not None:
        expect_sha256(data, sidecar["sha256"], "its sidecar", folder.place(name))
    return sidecar, data


def parse_part(
    data: bytes, part: int, types: dict[str, pa.DataType | str], rules: RunRules, place: str
) -> pa.Table:
    """The table of a part's bytes, with the columns, rows and row groups that it must have."""
    table = parse_columns(data, part, types, rules.layout, place)
    rows, ids = rules.layout.rows(part), table.column("image_id")
    if ids.null_count or ids.to_pylist() != list(rows):
        raise RecordError("other image ids", f"{rows.start} to {rows.stop - 1} in order", place)
    return table


def parse_columns(
    data: bytes, part: int, types: dict[str, pa.DataType | str], layout: PartLayout, place: str
) -> pa.Table:
    """The table of bytes that hold those columns of a part of that layout."""
    table, group_rows = parse_parquet(data, place)
    expect(table.column_names, list(types), "columns", place)
    for name, wanted in types.items():
        found = table.schema.field(name).type
        if not _is_of_type(found, wanted):
            raise RecordError(f"column {name} is {found}", str(wanted), place)
    rows, size = layout.rows(part), layout.row_group_rows
    expect(table.num_rows, len(rows), "rows", place)
    sizes = [min(size, rows.stop - start) for start in range(rows.start, rows.stop, size)]
    expect(group_rows, sizes, "rows in row groups", place)
    return table


def _is_of_type(found: pa.DataType, wanted: pa.DataType | str) -> bool:
    if wanted == VECTORS:
        return pa.types.is_fixed_size_list(found) and found.value_type == pa.float32()
    return wanted == ANYTHING or found == wanted


def _image_part(part: int, rules: RunRules) -> ImagePart:
    folder = rules.folder_of(IMAGES_FOLDER)
    place, sidecar_place = folder.place(part_name(part)), folder.place(sidecar_name(part))
    digest = rules.settings.images_digest
    sidecar, data = read_part(folder, part, digest, is_quick=rules.is_quick)
    rejects = sidecar.get("rejects")
    if not isinstance(rejects, dict):
        raise RecordError("no rejects", "a mapping", sidecar_place)
    known = ImagePart(
        sha256=sidecar["sha256"], num_bytes=sidecar["bytes"], num_rejects=len(rejects)
    )
    if data is None:
        return known
    types = _TYPES if rules.has_embeddings else {**_TYPES, "embedding": ANYTHING}
    table = parse_part(data, part, types, rules, place)
    _check_listed(table, part, rules, place)
    accepted = accepted_rows(table)
    expect(sidecar.get("num_images"), table.num_rows, "num_images", sidecar_place)
    _check_rejects(table, accepted, sidecar, sidecar_place)
    _check_images(table, accepted, place)
    embeddings = _embeddings(table, accepted, rules, place)
    keys = table.column("key").to_pylist()
    return replace(known, data=data, keys=keys, accepted=accepted, embeddings=embeddings)


def _check_listed(table: pa.Table, part: int, rules: RunRules, place: str) -> None:
    """Keys and labels must be the listing's, where that can be read."""
    if rules.listing is None:
        return
    rows = rules.layout.rows(part)
    listed = read_rows(rules.image_root, rules.listing, rows.start, rows.stop)
    for name in ("key", "label"):
        if table.column(name).to_pylist() != listed.column(name).to_pylist():
            raise RecordError(f"another {name} than the listing's", "the listing's rows", place)


def _check_rejects(
    table: pa.Table, accepted: Bool[np.ndarray, "rows"], sidecar: Json, place: str
) -> None:
    rejected = table.filter(pa.array(~accepted))
    found = dict(
        zip(
            rejected.column("key").to_pylist(),
            rejected.column("reject_reason").to_pylist(),
            strict=True,
        )
    )
    expect(sidecar["rejects"], found, "rejects", place)


def _check_images(table: pa.Table, accepted: Bool[np.ndarray, "rows"], place: str) -> None:
    """Images are there exactly for accepted rows, and each decodes."""
    columns = (table.column(name).to_pylist() for name in ("key", "image", "extension"))
    for key, image, extension, is_accepted in zip(*columns, accepted.tolist(), strict=True):
        if (image is not None) != is_accepted:
            found = "a stored image" if image is not None else "no stored image"
            wanted = "one exactly where there is no reject reason"
            raise RecordError(f"{found} of {key}", wanted, place)
        if image is not None:
            check_image(image, extension, key, place)


def check_image(image: bytes, extension: str, key: Any, place: str) -> None:
    """Raise RecordError where a stored image does not decode or is of another format."""
    try:
        decode_image(image)
    except DecodeError as error:
        raise RecordError(f"the image of {key} {error}", "one that decodes", place) from error
    expect(extension, extension_of(image), f"{key} has the extension", place)


def _embeddings(
    table: pa.Table, accepted: Bool[np.ndarray, "rows"], rules: RunRules, place: str
) -> Float32[np.ndarray, "rows dim"] | None:
    """Embeddings are there exactly for accepted rows, and finite."""
    column = table.column("embedding")
    if not rules.has_embeddings:
        expect(column.null_count, table.num_rows, "rows without an embedding", place)
        return None
    if not np.array_equal(np.asarray(column.is_valid()), accepted):
        raise RecordError(
            "embeddings of other rows", "one exactly where there is no reject reason", place
        )
    vectors = image_table.embeddings(table)
    if not np.isfinite(vectors).all():
        row = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
        raise RecordError(f"the embedding of row {row} is not finite", "finite numbers", place)
    return vectors
