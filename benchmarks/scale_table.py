"""A synthetic run with a finished image table, and no clusters, for `scale_rows.py`.

Everything is written by the project's own records, so that `generate --images-from` takes it for
a run that was embedded: settings, listing, parts, sidecars. Embeddings are drawn from planted
clusters; every image is one and the same tiny PNG, because what grows with rows is not pixels.
"""

import io
import time
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from PIL import Image

from alignet_ray.config.backbone import Preprocessing, ResolvedBackbone
from alignet_ray.config.generate import UNTRANSFORMED, EmbeddingConfig, GenerateConfig
from alignet_ray.config.resources import RayResources
from alignet_ray.generation.plan import image_settings
from alignet_ray.records.image_table import IMAGES_FOLDER, StoredImage, image_table
from alignet_ray.records.listing import LISTING_SCHEMA, ListingIndex, index_of, write_listing
from alignet_ray.records.parquet import parquet_bytes
from alignet_ray.records.parts import PartLayout, write_part
from alignet_ray.records.run import RunSettings, freeze_settings
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed import part_facts
from alignet_ray.stages.session import ray_session
from alignet_ray.stages.tasks import map_tasks

DIM = 64
NUM_PLANTED = 500
NUM_LABELS = 1000
_ROWS_AT_ONCE = 1 << 18
_SPREAD = 0.5


def write_run(url: str, num_rows: int, part_rows: int) -> dict[str, float]:
    """Write the run and return the seconds that listing digest, listing files and parts took."""
    root, seconds = Folder.at(url), {}
    listing = pa.concat_tables(_listing(num_rows))
    started = time.perf_counter()
    index = index_of(listing)
    seconds["digest"] = time.perf_counter() - started
    write_listing(root, listing, index)
    seconds["listing"] = time.perf_counter() - started
    settings = _settings(index, part_rows)
    freeze_settings(root, settings)
    layout = PartLayout(
        num_rows=num_rows,
        part_rows=part_rows,
        row_group_rows=settings.images["row_group_rows"],
    )
    started = time.perf_counter()
    with ray_session(RayResources(num_cpus=2, progress=False)):
        for _ in map_tasks(write_one, range(layout.num_parts), root, layout, settings):
            pass
    seconds["parts"] = time.perf_counter() - started
    return seconds


def _listing(num_rows: int) -> Iterator[pa.Table]:
    for start in range(0, num_rows, _ROWS_AT_ONCE):
        rows = range(start, min(start + _ROWS_AT_ONCE, num_rows))
        keys = [f"photos/{row:09d}.png" for row in rows]
        columns = {
            "key": keys,
            "url": [f"gs://bucket/folder/{key}" for key in keys],
            "offset": pa.nulls(len(rows), pa.int64()),
            "length": [len(_PNG)] * len(rows),
            "label": [f"label{row % NUM_LABELS}" for row in rows],
        }
        yield pa.table(columns, schema=LISTING_SCHEMA)


def _settings(index: ListingIndex, part_rows: int) -> RunSettings:
    """Those of a run of `generate` whose backbone nobody will ever load."""
    pixels = Preprocessing(
        resolution=224, resize="squash", crop_fraction=1.0, interpolation="bicubic",
        mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0),
    )  # fmt: skip
    backbone = ResolvedBackbone(
        name="planted", model_args=(), representation="features", preprocessing=pixels, dim=DIM,
        weights_sha256="0" * 64,
    )  # fmt: skip
    config = GenerateConfig(
        images=("gs://bucket/folder",),
        output="unused",
        teacher=UNTRANSFORMED,
        embedding=EmbeddingConfig(part_rows=part_rows),
    )
    images = image_settings(config, index.sha256, (), backbone, "float32")
    return RunSettings(images=images, clusters={}, shards={})


def write_one(part: int, root: Folder, layout: PartLayout, settings: RunSettings) -> None:
    """Write a part of the image table and its sidecar."""
    rows = layout.rows(part)
    random = np.random.default_rng([0, part])
    centres = np.random.default_rng(0).normal(size=(NUM_PLANTED, DIM))
    noise = _SPREAD * random.normal(size=(len(rows), DIM))
    embeddings = (centres[random.integers(NUM_PLANTED, size=len(rows))] + noise).astype(np.float32)
    listing = pa.table(
        {
            "key": [f"photos/{row:09d}.png" for row in rows],
            "label": [f"label{row % NUM_LABELS}" for row in rows],
        }
    )
    image = StoredImage(image=_PNG, extension="png", width=8, height=8, reject_reason=None)
    stored = [image] * len(rows)
    data = parquet_bytes(
        image_table(listing, rows.start, stored, embeddings), layout.row_group_rows
    )
    facts = part_facts(listing, stored)
    write_part(root.folder(IMAGES_FOLDER), part, data, settings.images_digest, facts)


def _png() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), (90, 140, 60)).save(stream, format="PNG")
    return stream.getvalue()


_PNG = _png()
