"""What the tables say of the images that a shard has drawn, read part by part."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float32

from alignet_ray.generation.verification.rules import RunRules
from alignet_ray.records.clusters import CLUSTERS_FOLDER
from alignet_ray.records.digests import sha256
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.parquet import column_to_vectors, read_parquet
from alignet_ray.records.parts import part_name

BrokenParts = dict[str, frozenset[int]]
"""Folder of parts -> those that are broken, with which nothing can be compared."""

_IMAGE_COLUMNS = ("image", "key", "label", "extension")
_CLUSTER_COLUMNS = ("cluster_id", "embedding")


@dataclass(frozen=True, kw_only=True)
class ImageRow:
    """A row of the image table; the stored image stands as its digest, None for a reject."""

    sha256: str | None
    key: str
    label: str | None
    extension: str


@dataclass(kw_only=True)
class Truth:
    """Rows by image id; those in broken parts are not there."""

    images: dict[int, ImageRow] = field(default_factory=dict)
    cluster_ids: dict[int, int] = field(default_factory=dict)
    embeddings: dict[int, Float32[np.ndarray, "dim"]] = field(default_factory=dict)


def read_truth(image_ids: Iterable[int], rules: RunRules, broken: BrokenParts) -> Truth:
    """The rows of some images, from the row groups that hold them and no others."""
    truth = Truth()
    by_part: dict[int, list[int]] = {}
    for image_id in sorted(set(image_ids)):
        part, row = divmod(image_id, rules.layout.part_rows)
        by_part.setdefault(part, []).append(row)
    for part, rows in by_part.items():
        ids = [part * rules.layout.part_rows + row for row in rows]
        if part not in broken.get(IMAGES_FOLDER, ()):
            taken = _rows(rules, IMAGES_FOLDER, part, rows, _IMAGE_COLUMNS)
            truth.images.update(zip(ids, map(_image_row, taken.to_pylist()), strict=True))
        if rules.has_clusters and part not in broken.get(CLUSTERS_FOLDER, ()):
            taken = _rows(rules, CLUSTERS_FOLDER, part, rows, _CLUSTER_COLUMNS)
            numbers = taken.column("cluster_id").to_pylist()
            truth.cluster_ids.update(zip(ids, numbers, strict=True))
            vectors = column_to_vectors(taken.column("embedding"))
            truth.embeddings.update(zip(ids, vectors, strict=True))
    return truth


def _rows(
    rules: RunRules, name: str, part: int, rows: list[int], columns: tuple[str, ...]
) -> pa.Table:
    size = rules.layout.row_group_rows
    groups = sorted({row // size for row in rows})
    table = read_parquet(rules.folder_of(name), part_name(part), columns, groups)
    starts = {group: place * size for place, group in enumerate(groups)}
    return table.take([starts[row // size] + row % size for row in rows])


def _image_row(row: dict[str, Any]) -> ImageRow:
    image = row.pop("image")
    return ImageRow(sha256=None if image is None else sha256(image), **row)
