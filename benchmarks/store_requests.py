"""Claim: what a run asks of an object store is a fixed number of requests a part, and a fixed
number for every part that a shard reads, whatever the number of images.

The stages' own functions work on a bucket of the emulator, one part or shard at a time, behind a
proxy that counts operations as Google prices them: class A (writing, listing), class B (reading).
Parts are of the default 512 rows with 1,152 dimensions, so that they are read by ranges as real
ones are. Two pools of different size tell what a shard costs for each part that it reads.
"""

import itertools
import json
import pickle
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from alignet_ray.config.backbone import Preprocessing, ResolvedBackbone
from alignet_ray.functional.clustering import fit_kmeans
from alignet_ray.generation.cluster_sizes import add_up
from alignet_ray.generation.clustering import ClusterRequest, assign_part
from alignet_ray.generation.labelling import LabelRequest, make_shard, pool_parts
from alignet_ray.generation.part_survey import survey_span
from alignet_ray.records.clusters import Clusters, read_index, write_clusters
from alignet_ray.records.image_table import StoredImage
from alignet_ray.records.listing import LISTING_SCHEMA, read_rows, write_listing
from alignet_ray.records.manifest import manifest_shard
from alignet_ray.records.shards import read_groups, read_sidecar, shard_folder
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed import EmbedRequest, StoredFormat, write_embedded_part
from counted_bucket import BUCKET, CLASS_A, CLASS_B, Operations, counted_bucket
from tables import label_request, layout_of
from timing import parser_of, use_one_thread

DIM = 1152
IMAGE_BYTES = 3000
NUM_PARTS = 24
NUM_CLUSTERS = 12
POOL_PARTS = (4, 8)
BLOCKS = (4,) * 4


class Ledger:
    """What each piece of work asked for, by name, a unit of it."""

    def __init__(self, count: Callable[[], Operations]) -> None:
        self._count = count
        self.lines: dict[str, Operations] = {}

    def of(self, name: str, work: Callable[[], object], units: int = 1) -> Operations:
        """Do the work and keep what it asked for."""
        before = self._count()
        work()
        after = self._count()
        asked = {kind: (number - before.get(kind, 0)) / units for kind, number in after.items()}
        self.lines[name] = {kind: number for kind, number in asked.items() if number}
        return self.lines[name]


def classes(asked: Operations) -> tuple[float, float]:
    """Operations of class A and of class B."""
    return sum(asked.get(k, 0) for k in CLASS_A), sum(asked.get(k, 0) for k in CLASS_B)


def embedded(request: EmbedRequest, part: int) -> None:
    """Write a part as the embed stage does, of images that were decoded before."""
    rows = request.layout.rows(part)
    read_rows(request.root, request.index, rows.start, rows.stop)  # the decode task's
    image = StoredImage(
        image=bytes(IMAGE_BYTES), extension="jpg", width=256, height=256, reject_reason=None
    )
    vectors = np.random.default_rng(part).normal(size=(len(rows), DIM)).astype(np.float32)
    stored = pickle.dumps([image] * len(rows))
    row = {"part": part, "embeddings": vectors.tobytes(), "stored": stored}
    write_embedded_part(row, request=request)


def embed_request(root: Folder) -> EmbedRequest:
    """A listing, which is written, and how it is embedded."""
    layout = layout_of(NUM_PARTS * 512)
    keys = [f"photos/{row:09d}.jpg" for row in range(layout.num_rows)]
    listing = pa.table(
        {
            "key": keys,
            "url": [f"{BUCKET}/{key}" for key in keys],
            "offset": pa.nulls(len(keys), pa.int64()),
            "length": [IMAGE_BYTES] * len(keys),
            "label": ["label"] * len(keys),
        },
        schema=LISTING_SCHEMA,
    )
    pixels = Preprocessing(
        resolution=224, resize="squash", crop_fraction=1.0, interpolation="bicubic",
        mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0),
    )  # fmt: skip
    backbone = ResolvedBackbone(
        name="none", model_args=(), representation="features", preprocessing=pixels, dim=DIM,
        weights_sha256="0" * 64,
    )  # fmt: skip
    return EmbedRequest(
        root=root, index=write_listing(root, listing), layout=layout, backbone=backbone,
        plugins=(), stored=StoredFormat(), settings_digest="images", batch_size=64,
        precision="float32", device="cpu", threads=1,
    )  # fmt: skip


def cluster_request(request: EmbedRequest) -> ClusterRequest:
    """How the table is clustered; the centroids are written."""
    points = np.random.default_rng(0).normal(size=(2000, DIM)).astype(np.float32)
    centroids = fit_kmeans(points, num_clusters=NUM_CLUSTERS, num_iterations=1, num_restarts=1,
                           seed=0)  # fmt: skip
    write_clusters(request.root, Clusters(centroids=centroids, inertia=1.0), "clusters")
    assert read_index(request.root) is not None
    return ClusterRequest(
        root=request.root, images=request.root, layout=request.layout, transform=None,
        candidates=(NUM_CLUSTERS,), num_iterations=1, num_restarts=1, points_per_cluster=256,
        seed=0, settings_digest="clusters",
    )  # fmt: skip


def main() -> None:
    """Count and print."""
    parser_of(__doc__).parse_args()
    use_one_thread()
    with counted_bucket() as count:
        root, ledger = Folder.at(f"{BUCKET}/run"), Ledger(count)
        request = embed_request(root)
        parts = range(NUM_PARTS)
        of_part = {
            "embed: read the listing, write part and sidecar": lambda: [
                embedded(request, part) for part in parts
            ],
            "survey of a new run": lambda: survey_span((0, NUM_PARTS), root, root),
        }
        for name, work in of_part.items():
            ledger.of(name, work, NUM_PARTS)
        clusters = cluster_request(request)
        ledger.of("assign", lambda: [assign_part(p, clusters) for p in parts], NUM_PARTS)
        ledger.of("survey again", lambda: survey_span((0, NUM_PARTS), root, root), NUM_PARTS)
        ledger.of(
            "cluster sizes", lambda: add_up((0, NUM_PARTS), root, (1, NUM_CLUSTERS)), NUM_PARTS
        )
        print(f"{'a part':58}{'class A':>9}{'class B':>9}  operations")
        _print(ledger.lines)
        _shards(root, request, ledger)


def _print(lines: dict[str, Operations]) -> None:
    for name, asked in lines.items():
        dear, cheap = classes(asked)
        print(f"{name:58}{dear:9.2f}{cheap:9.2f}  {json.dumps(asked)}")


def _shards(root: Folder, request: EmbedRequest, ledger: Ledger) -> None:
    """A shard's requests by the number of parts of its pool: a line through two pools."""
    ledger.lines.clear()
    found: list[tuple[int, tuple[float, float]]] = []
    shard = 0
    for num_parts in POOL_PARTS:
        labels = label_request(
            root, request.layout, num_clusters=NUM_CLUSTERS, blocks=BLOCKS, groups_per_shard=8,
            pool_rows=num_parts * request.layout.row_group_rows,
        )  # fmt: skip
        shard = _spread_shard(labels, num_parts)
        asked = ledger.of(
            f"label, from {num_parts} parts", lambda s=shard, r=labels: make_shard(s, r)
        )
        found.append((num_parts, classes(asked)))
        ledger.of("  again, kept", lambda s=shard, r=labels: make_shard(s, r))
    folder = shard_folder(root, "train")
    record = read_sidecar(folder, shard)
    ledger.of("  its line in the manifest", lambda: manifest_shard(folder, record))
    ledger.of("a trainer's read of a block of groups", lambda: read_groups(folder, record, 0, 4))
    print(f"\n{'a shard':58}{'class A':>9}{'class B':>9}  operations")
    _print(ledger.lines)
    (few, (_, few_asked)), (many, (_, many_asked)) = found
    slope = (many_asked - few_asked) / (many - few)
    print(f"\nclass B of a shard = {few_asked - slope * few:.1f} + {slope:.2f} x parts of its pool")


def _spread_shard(labels: LabelRequest, num_parts: int) -> int:
    """The first shard whose row groups lie in a part each, as nearly all do in a large table."""
    return next(shard for shard in itertools.count() if len(pool_parts(shard, labels)) == num_parts)


if __name__ == "__main__":
    main()
