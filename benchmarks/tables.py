"""A synthetic finished image table with clusters, for the benchmarks of the label stage.

Written part by part through the records themselves, so that the label stage reads what it would
read of a run; without a backbone, because labelling never sees one.
"""

import io
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from PIL import Image

from alignet_ray.generation.labelling import LabelRequest
from alignet_ray.generation.plan import LEAST_POOL_ROWS, SHARD_IMAGES, SplitPlan
from alignet_ray.records.clusters import CLUSTERS_FOLDER, cluster_table
from alignet_ray.records.image_table import IMAGES_FOLDER, StoredImage, image_table
from alignet_ray.records.parquet import parquet_bytes
from alignet_ray.records.parts import PartLayout, write_part
from alignet_ray.records.store import Folder

PART_ROWS, ROW_GROUP_ROWS = 512, 128
NUM_LABELS = 100

ImageBytes = Callable[[int], bytes]


def photographs(num_distinct: int = 256) -> ImageBytes:
    """JPEGs of 20 to 30 kB, 256 pixels a side; row r has number r modulo `num_distinct`."""
    random = np.random.default_rng(0)
    encoded = [_jpeg(random) for _ in range(num_distinct)]
    return lambda row: encoded[row % num_distinct]


def _jpeg(random: np.random.Generator) -> bytes:
    coarse = random.integers(0, 256, size=(96, 96, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((256, 256), Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    image.save(stream, format="JPEG", quality=int(random.integers(66, 82)))
    return stream.getvalue()


def layout_of(num_rows: int) -> PartLayout:
    """The layout of a table of so many rows."""
    return PartLayout(num_rows=num_rows, part_rows=PART_ROWS, row_group_rows=ROW_GROUP_ROWS)


def write_table(
    root: Folder, *, num_rows: int, dim: int, num_clusters: int, image_bytes: ImageBytes
) -> PartLayout:
    """Image table and clusters of `num_rows` images, none rejected."""
    layout = layout_of(num_rows)
    centres = np.random.default_rng(0).normal(size=(num_clusters, dim)).astype(np.float32)
    for part in range(layout.num_parts):
        _write_part(root, layout, part, centres, image_bytes)
    return layout


def _write_part(
    root: Folder, layout: PartLayout, part: int, centres: np.ndarray, image_bytes: ImageBytes
) -> None:
    rows = layout.rows(part)
    random = np.random.default_rng([1, part])
    cluster_ids = random.integers(len(centres), size=len(rows))
    noise = random.normal(size=(len(rows), centres.shape[1])).astype(np.float32)
    embeddings = centres[cluster_ids] + noise
    listing = pa.table(
        {
            "key": [f"photos/{row:09d}.jpg" for row in rows],
            "label": [f"label{row % NUM_LABELS}" for row in rows],
        }
    )
    stored = [
        StoredImage(
            image=image_bytes(row), extension="jpg", width=256, height=256, reject_reason=None
        )
        for row in rows
    ]
    tables = {
        IMAGES_FOLDER: image_table(listing, rows.start, stored, embeddings),
        CLUSTERS_FOLDER: cluster_table(np.asarray(rows), cluster_ids, embeddings),
    }
    for folder, table in tables.items():
        write_part(root.folder(folder), part, parquet_bytes(table, ROW_GROUP_ROWS), folder, {})


def label_request(
    root: Folder,
    layout: PartLayout,
    *,
    num_clusters: int,
    blocks: tuple[int, ...],
    groups_per_shard: int | None = None,
    pool_rows: int = LEAST_POOL_ROWS,
    seed: int = 0,
) -> LabelRequest:
    """Border groups of the training split, the first tenth of the rows set aside as by default."""
    split = SplitPlan(
        split="train",
        first_row=layout.num_rows // 10,
        last_row=layout.num_rows,
        blocks=blocks,
        groups_per_shard=groups_per_shard or SHARD_IMAGES // sum(blocks),
        num_shards=1,
    )
    return LabelRequest(
        root=root,
        images=root,
        layout=layout,
        split=split,
        strategy="cluster_border",
        pool_rows=pool_rows,
        num_clusters=num_clusters,
        seed=seed,
        settings_digest=f"benchmark of seed {seed}",
    )
