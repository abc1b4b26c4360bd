"""What the groups of a shard are made of: the images drawn into any of them, each read once.

Read part by part, and of a part only the row groups that hold a drawn image; what was not drawn
is let go at once, so that memory holds a shard's images and not its pool's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Int

from alignet_ray.records.parquet import column_to_vectors, read_parquet
from alignet_ray.records.part_rows import row_places
from alignet_ray.records.parts import PartLayout, part_name
from alignet_ray.records.store import Folder

_FACTS = ("extension", "key", "label")


@dataclass(frozen=True, kw_only=True)
class PartSizes:
    """Bytes of parts of the image table and of the clusters, where a caller knows them."""

    images: Mapping[int, int] = field(default_factory=dict[int, int])
    clusters: Mapping[int, int] = field(default_factory=dict[int, int])


UNKNOWN_SIZES = PartSizes()


@dataclass(frozen=True, kw_only=True)
class DrawnImages:
    """Images by ascending id, with what the tables say of them; transformed embeddings."""

    image_ids: Int[np.ndarray, "images"]
    images: list[bytes]
    extensions: list[str]
    keys: list[str]
    labels: list[str | None]
    embeddings: Float32[np.ndarray, "images dim"]


def read_drawn(
    images_folder: Folder,
    clusters_folder: Folder,
    layout: PartLayout,
    image_ids: Int[np.ndarray, "images"],
    sizes: PartSizes = UNKNOWN_SIZES,
) -> DrawnImages:
    """Rows of the image table and of the clusters; `image_ids` ascend and are no rejects."""
    images: list[bytes] = []
    facts: list[pa.Table] = []
    embeddings: list[np.ndarray] = []
    for part, rows in _rows_of_parts(image_ids, layout):
        groups, places = row_places(rows, layout.row_group_rows)
        image_bytes, cluster_bytes = sizes.images.get(part), sizes.clusters.get(part)
        columns = ("image", *_FACTS)
        table = read_parquet(images_folder, part_name(part), columns, groups, image_bytes)
        images += [table.column("image")[place].as_py() for place in places]
        facts.append(table.select(_FACTS).take(places))
        table = read_parquet(
            clusters_folder, part_name(part), ("embedding",), groups, cluster_bytes
        )
        embeddings.append(column_to_vectors(table.column("embedding"))[places])
    known = pa.concat_tables(facts)
    return DrawnImages(
        image_ids=image_ids,
        images=images,
        extensions=known.column("extension").to_pylist(),
        keys=known.column("key").to_pylist(),
        labels=known.column("label").to_pylist(),
        embeddings=np.concatenate(embeddings),
    )


def _rows_of_parts(
    image_ids: Int[np.ndarray, "images"], layout: PartLayout
) -> list[tuple[int, list[int]]]:
    """(part, rows inside it) in order."""
    parts, rows = np.divmod(image_ids, layout.part_rows)
    numbers, starts = np.unique(parts, return_index=True)
    return [
        (number, inside.tolist())
        for number, inside in zip(numbers.tolist(), np.split(rows, starts[1:]), strict=True)
    ]
