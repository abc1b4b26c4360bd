"""A small finished image table, written through the records without Ray or a backbone."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from alignet_ray.generation.clustering import ClusterRequest, assign_part, fit_centroids
from alignet_ray.generation.labelling import LabelRequest
from alignet_ray.generation.plan import SplitPlan
from alignet_ray.records.clusters import CLUSTERS_FOLDER, cluster_table
from alignet_ray.records.image_table import IMAGES_FOLDER, StoredImage, image_table
from alignet_ray.records.listing import LISTING_SCHEMA, write_listing
from alignet_ray.records.parquet import parquet_bytes
from alignet_ray.records.parts import PartLayout, write_part
from alignet_ray.records.store import Folder
from alignet_ray.records.teacher_bundle import Transform

NUM_ROWS, PART_ROWS, GROUP_ROWS = 150, 32, 8
NUM_CLUSTERS, DIM = 6, 5
REJECTED_ROWS = frozenset({7, 40, 41, 149})
NUM_VALIDATION = 30


@dataclass(frozen=True, kw_only=True)
class Table:
    """What was written: where, and the truth behind it."""

    root: Folder
    layout: PartLayout
    vectors: np.ndarray
    blobs: np.ndarray
    labels: list[str | None]
    images: list[bytes | None]

    def cluster_request(self, transform: Transform | None = None, **changes) -> ClusterRequest:
        plain = {
            "root": self.root, "images": self.root, "layout": self.layout, "transform": transform,
            "candidates": (NUM_CLUSTERS,), "num_iterations": 20, "num_restarts": 10,
            "points_per_cluster": 256, "seed": 0, "settings_digest": "clusters",
        }  # fmt: skip
        return ClusterRequest(**{**plain, **changes})

    def label_request(self, *, split: str = "train", blocks=(3, 3), **changes) -> LabelRequest:
        is_train = split == "train"
        plan = SplitPlan(
            split=split,
            first_row=NUM_VALIDATION if is_train else 0,
            last_row=NUM_ROWS if is_train else NUM_VALIDATION,
            blocks=blocks,
            groups_per_shard=4,
            num_shards=3,
        )
        plain = {
            "root": self.root, "images": self.root, "layout": self.layout, "split": plan,
            "strategy": "cluster_border", "pool_rows": 10_000, "num_clusters": NUM_CLUSTERS,
            "seed": 0, "settings_digest": "shards",
        }  # fmt: skip
        return LabelRequest(**{**plain, **changes})

    def set_clusters(self, cluster_ids: np.ndarray, vectors: np.ndarray) -> None:
        """Clusters and transformed embeddings as a test wants them, instead of k-means's."""
        for part in range(self.layout.num_parts):
            rows = np.asarray(self.layout.rows(part))
            made = cluster_table(rows, cluster_ids[rows], vectors[rows])
            data = parquet_bytes(made, self.layout.row_group_rows)
            write_part(self.root.folder(CLUSTERS_FOLDER), part, data, "clusters", {})


def write_images(table: Table) -> None:
    """The listing and the parts of the image table."""
    keys = [f"{table.labels[row] or 'none'}/{row:04d}.jpg" for row in range(NUM_ROWS)]
    listing = pa.table(
        {
            "key": keys,
            "url": [f"/nowhere/{key}" for key in keys],
            "offset": [0] * NUM_ROWS,
            "length": [1] * NUM_ROWS,
            "label": table.labels,
        },
        schema=LISTING_SCHEMA,
    )
    write_listing(table.root, listing)
    for part in range(table.layout.num_parts):
        write_images_part(table, part, listing)


def write_images_part(table: Table, part: int, listing: pa.Table) -> None:
    rows = table.layout.rows(part)
    stored = [
        StoredImage(
            image=table.images[row], extension="jpg" if row % 3 else "png", width=9, height=9,
            reject_reason="empty file" if table.images[row] is None else None,
        )
        for row in rows
    ]  # fmt: skip
    piece = listing.slice(rows.start, len(rows))
    made = image_table(piece, rows.start, stored, table.vectors[rows.start : rows.stop])
    data = parquet_bytes(made, table.layout.row_group_rows)
    write_part(table.root.folder(IMAGES_FOLDER), part, data, "images", {"rejects": {}})


def new_table(root: Folder) -> Table:
    random = np.random.default_rng(0)
    blobs = random.integers(0, NUM_CLUSTERS, size=NUM_ROWS)
    centres = 12 * random.normal(size=(NUM_CLUSTERS, DIM))
    vectors = (centres[blobs] + random.normal(size=(NUM_ROWS, DIM))).astype(np.float32)
    return Table(
        root=root,
        layout=PartLayout(num_rows=NUM_ROWS, part_rows=PART_ROWS, row_group_rows=GROUP_ROWS),
        vectors=vectors,
        blobs=blobs,
        labels=[None if row % 11 == 0 else f"label{row % 4}" for row in range(NUM_ROWS)],
        images=[
            None if row in REJECTED_ROWS else random.bytes(20 + row) for row in range(NUM_ROWS)
        ],
    )


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table and its clusters, made once; every test gets a copy."""
    table = new_table(Folder.at(str(tmp_path_factory.mktemp("original"))))
    write_images(table)
    request = table.cluster_request()
    fit_centroids(request)
    for part in range(table.layout.num_parts):
        assign_part(part, request)
    return Path(table.root.url)


@pytest.fixture
def make_table(tmp_path: Path, original: Path) -> Callable[..., Table]:
    """Lays the image table (and, unless told not to, its clusters) into a new root."""

    def make(name: str = "run", *, url: str | None = None, is_clustered: bool = True) -> Table:
        table = new_table(Folder.at(url or str(tmp_path / name)))
        table.root.file_system.put(f"{original}/", f"{table.root.path('')}/", recursive=True)
        if not is_clustered:
            table.root.file_system.rm(table.root.path("clusters"), recursive=True)
        return table

    return make


@pytest.fixture
def table(make_table: Callable[..., Table]) -> Table:
    return make_table()
