"""Small finished runs written through the records alone: no Ray, no backbone, real pictures."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from alignet_ray.functional.clustering import assign
from alignet_ray.functional.similarity import gram_matrix
from alignet_ray.records import clusters as cluster_record
from alignet_ray.records.image_table import IMAGES_FOLDER, StoredImage, image_table
from alignet_ray.records.listing import LISTING_SCHEMA, write_listing
from alignet_ray.records.manifest import Manifest, manifest_shard, write_manifest
from alignet_ray.records.parquet import parquet_bytes
from alignet_ray.records.parts import PartLayout, write_part
from alignet_ray.records.run import RunSettings, freeze_settings
from alignet_ray.records.shards import Group, shard_folder, write_shard
from alignet_ray.records.store import Folder

NUM_IMAGES, PART_ROWS, GROUP_ROWS = 72, 16, 8
NUM_CLUSTERS, DIM = 6, 4
EMPTY_CLUSTER = 5
NUM_VALIDATION = 12
HOSTILE = "<script>alert('x')</script>&\"b\""
REJECTS = {5: "empty file", 20: "does not decode (<b>)", 21: "empty file"}
FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run and the truth behind it; `groups` are what was written, by split."""

    root: Folder
    layout: PartLayout
    keys: list[str]
    labels: list[str | None]
    vectors: np.ndarray
    cluster_ids: np.ndarray
    strategy: str
    groups: dict[str, list[Group]] = field(default_factory=dict)


def _picture(random: np.random.Generator, extension: str) -> bytes:
    pixels = random.integers(0, 256, size=(3, 4, 3), dtype=np.uint8)
    image = Image.fromarray(pixels).resize((40, 30), Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    image.save(stream, FORMATS[extension])
    return stream.getvalue()


def _clustered(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors, centroids with one that nothing is near, and the cluster of every row."""
    centroids = (6 * random.normal(size=(NUM_CLUSTERS, DIM))).astype(np.float32)
    centroids[EMPTY_CLUSTER] = 500
    blobs = random.integers(0, EMPTY_CLUSTER, size=NUM_IMAGES)
    vectors = (centroids[blobs] + random.normal(size=(NUM_IMAGES, DIM))).astype(np.float32)
    cluster_ids = assign(vectors, centroids)[0]
    cluster_ids[list(REJECTS)] = cluster_record.REJECTED
    return vectors, centroids, cluster_ids


def _settings(strategy: str, blocks: tuple[int, ...], is_converted: bool) -> RunSettings:
    backbone = {
        "name": "some_backbone", "representation": "pre_logits", "dim": DIM,
        "preprocessing": {"resolution": 32},
    }  # fmt: skip
    clusters = {"transform": {"sha256": "ab" * 32}, "num_clusters": NUM_CLUSTERS}
    shards = {"strategy": strategy, "blocks": list(blocks), "seed": 3}
    converted = {"strategy": strategy, "converted": {"train": {"num_triplets": 9}}}
    return RunSettings(
        images={
            "backbone": None if is_converted else backbone,
            "part_rows": PART_ROWS,
            "row_group_rows": GROUP_ROWS,
        },
        clusters={} if is_converted else clusters,
        shards=converted if is_converted else shards,
    )


def _write_table(run: Run, images: list[bytes | None], extensions: list[str]) -> None:
    listing = pa.table(
        {
            "key": run.keys, "url": [f"/nowhere/{key}" for key in run.keys],
            "offset": [0] * NUM_IMAGES, "length": [1] * NUM_IMAGES, "label": run.labels,
        },
        schema=LISTING_SCHEMA,
    )  # fmt: skip
    write_listing(run.root, listing)
    for part in range(run.layout.num_parts):
        rows = run.layout.rows(part)
        stored = [
            StoredImage(image=images[row], extension=extensions[row], width=40, height=30,
                        reject_reason=REJECTS.get(row))
            for row in rows
        ]  # fmt: skip
        piece = listing.slice(rows.start, len(rows))
        table = image_table(piece, rows.start, stored, run.vectors[rows.start : rows.stop])
        rejects = {run.keys[row]: REJECTS[row] for row in rows if row in REJECTS}
        data = parquet_bytes(table, GROUP_ROWS)
        write_part(run.root.folder(IMAGES_FOLDER), part, data, "images", {"rejects": rejects})


def _write_clusters(run: Run, centroids: np.ndarray, elbow: tuple[tuple[int, float], ...]) -> None:
    record = cluster_record.Clusters(centroids=centroids, inertia=1.25, elbow_curve=elbow)
    cluster_record.write_clusters(run.root, record, "clusters")
    folder = run.root.folder(cluster_record.CLUSTERS_FOLDER)
    for part in range(run.layout.num_parts):
        rows = run.layout.rows(part)
        table = cluster_record.cluster_table(
            np.arange(rows.start, rows.stop),
            run.cluster_ids[rows.start : rows.stop],
            run.vectors[rows.start : rows.stop],
        )
        write_part(folder, part, parquet_bytes(table, GROUP_ROWS), "clusters", {})


def _write_split(
    run: Run,
    images: list[bytes | None],
    extensions: list[str],
    split: str,
    blocks: tuple[int, ...],
    *,
    num_groups: int,
    is_converted: bool,
) -> None:
    random = np.random.default_rng(len(split))
    first, last = (NUM_VALIDATION, NUM_IMAGES) if split == "train" else (0, NUM_VALIDATION)
    usable = [row for row in range(first, last) if row not in REJECTS]
    groups: list[Group] = []
    for _ in range(num_groups):
        ids = random.permutation(usable)[: sum(blocks)].tolist()
        gram = gram_matrix(run.vectors[ids])
        if is_converted:
            np.fill_diagonal(gram, 0)
        groups.append(
            Group(
                images=tuple(images[row] or b"" for row in ids),
                extensions=tuple(extensions[row] for row in ids),
                similarities=gram,
                image_ids=tuple(ids),
                keys=tuple(run.keys[row] for row in ids),
                cluster_ids=tuple(-1 if is_converted else int(run.cluster_ids[i]) for i in ids),
                labels=tuple(run.labels[row] for row in ids),
                strategy=run.strategy,
                blocks=blocks,
            )
        )
    folder, lines = shard_folder(run.root, split), []
    statistics = {} if is_converted else {"eligible_share": 0.8, "distance_from_uniform": 0.25}
    for shard, start in enumerate(range(0, num_groups, 2)):
        record = write_shard(
            folder, groups[start : start + 2], shard=shard, split=split, settings_digest="shards",
            parts={}, statistics=statistics,
        )  # fmt: skip
        lines.append(manifest_shard(folder, record))
    manifest = Manifest(
        digest="shards", split=split, strategy=run.strategy, blocks=blocks,
        teacher_temperature=2.0, num_images=last - first, shards=tuple(lines),
    )  # fmt: skip
    write_manifest(run.root, manifest)
    run.groups[split] = groups


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Writes a run with its oddities: rejects, an empty cluster, PNG and WebP, hostile labels."""

    def make(
        *,
        strategy: str = "cluster_border",
        blocks: tuple[int, ...] = (2, 2, 2),
        num_groups: int = 5,
        splits: tuple[str, ...] = ("train", "validation"),
        has_labels: bool = True,
        decodes: bool = True,
        is_converted: bool = False,
        elbow: tuple[tuple[int, float], ...] = (),
        name: str = "run",
    ) -> Run:
        random = np.random.default_rng(7)
        vectors, centroids, cluster_ids = _clustered(random)
        labels = [HOSTILE if row % 3 else f"größe {row % 4}" for row in range(NUM_IMAGES)]
        run = Run(
            root=Folder.at(str(tmp_path_factory.mktemp("root") / name)),
            layout=PartLayout(num_rows=NUM_IMAGES, part_rows=PART_ROWS, row_group_rows=GROUP_ROWS),
            keys=[f"{label}/日本 {row:03d}.jpg" for row, label in enumerate(labels)],
            labels=list(labels) if has_labels else [None] * NUM_IMAGES,
            vectors=vectors,
            cluster_ids=cluster_ids,
            strategy=strategy,
        )
        extensions = [list(FORMATS)[row % 3] for row in range(NUM_IMAGES)]
        images = [
            None if row in REJECTS else _picture(random, extensions[row]) if decodes else b"noise"
            for row in range(NUM_IMAGES)
        ]
        freeze_settings(run.root, _settings(strategy, blocks, is_converted))
        _write_table(run, images, extensions)
        if not is_converted:
            _write_clusters(run, centroids, elbow)
        for split in splits:
            single = (2, 1) if strategy.endswith("border") else (3,)
            own = blocks if split == "train" else single
            count = num_groups if split == "train" else 3
            _write_split(
                run, images, extensions, split, own, num_groups=count, is_converted=is_converted
            )
        return run

    return make


@pytest.fixture(scope="session")
def run(make_run: Callable[..., Run]) -> Run:
    """The usual one; tests only read it."""
    return make_run()


@pytest.fixture(scope="session")
def in_order() -> Callable[..., Iterator[tuple[Any, Any]]]:
    """The same as `map_tasks`, one after the other in this process."""

    def mapped(function: Callable[..., Any], items: Any, *shared: Any) -> Iterator[tuple[Any, Any]]:
        for item in items:
            yield item, function(item, *shared)

    return mapped


@pytest.fixture(scope="session")
def backwards(in_order: Any) -> Callable[..., Iterator[tuple[Any, Any]]]:
    """Results in the other order: tasks finish as they like."""

    def mapped(function: Callable[..., Any], items: Any, *shared: Any) -> Iterator[tuple[Any, Any]]:
        return in_order(function, list(items)[::-1], *shared)

    return mapped


@pytest.fixture(scope="session")
def truth() -> Any:
    """The constants of this file, for test modules that cannot import it."""
    from types import SimpleNamespace

    return SimpleNamespace(
        num_images=NUM_IMAGES, num_clusters=NUM_CLUSTERS, empty=EMPTY_CLUSTER, rejects=REJECTS,
        hostile=HOSTILE, num_validation=NUM_VALIDATION,
    )  # fmt: skip
