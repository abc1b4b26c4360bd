"""Counts over the parts and shards of a run, by tasks that read one small column or member.

Cluster sizes and draws of a run of any size: where there are more parts than a report should
read, a seeded sample of them is counted, and the page says so.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.generation.report.run_records import RunRecords
from alignet_ray.records.clusters import CLUSTERS_FOLDER, REJECTED
from alignet_ray.records.digests import parse_json
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.manifest import Manifest
from alignet_ray.records.parquet import read_parquet
from alignet_ray.records.parts import part_name, read_sidecar
from alignet_ray.records.shards import read_sidecar as read_shard_sidecar
from alignet_ray.records.shards import shard_folder, tar_name
from alignet_ray.records.store import Folder

MOST_PARTS_COUNTED = 2_000
MOST_SIDECARS_READ = 20_000
MOST_GROUPS_COUNTED = 4_096
_ITEMS_PER_TASK = 32
_THREADS = 16
_KEYS_KEPT = 3

TaskMap = Callable[..., Iterator[tuple[Any, Any]]]
"""`stages.tasks.map_tasks`, or the same in one process."""


@dataclass(frozen=True, kw_only=True)
class ClusterSizes:
    """Images in each cluster, in `num_parts` of `of_parts` parts of the table."""

    sizes: Int[np.ndarray, "clusters"]
    num_parts: int
    of_parts: int

    @property
    def is_sample(self) -> bool:
        """Whether only some parts were counted."""
        return self.num_parts < self.of_parts


@dataclass(frozen=True, kw_only=True)
class Reject:
    """One reason: how many images have it, and the keys of a few of them."""

    reason: str
    num_images: int
    some_keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Rejects:
    """Rejects by reason, most frequent first, in `num_images` of the listing's images."""

    reasons: tuple[Reject, ...]
    num_images: int

    @property
    def total(self) -> int:
        """Rejected images."""
        return sum(reject.num_images for reject in self.reasons)


def sampled(count: int, most: int, seed: int, name: str) -> list[int]:
    """All of range(count), or a seeded choice of `most` of them, in order."""
    if count <= most:
        return list(range(count))
    stream = RandomStream(seed, "report", name)
    return sorted(stream.distinct_integers(np.array([count]), most)[0].tolist())


def in_blocks(items: Sequence[int]) -> list[tuple[int, ...]]:
    """Items cut into runs that are worth a task each."""
    return [tuple(items[i : i + _ITEMS_PER_TASK]) for i in range(0, len(items), _ITEMS_PER_TASK)]


def count_cluster_sizes(run: RunRecords, mapped: TaskMap) -> ClusterSizes:
    """Sizes of all clusters."""
    of_parts = run.layout.num_parts
    parts = sampled(of_parts, MOST_PARTS_COUNTED, run.seed, "sizes")
    folder, total = run.root.folder(CLUSTERS_FOLDER), np.zeros(run.num_clusters, dtype=np.int64)
    for _, sizes in mapped(sizes_in_parts, in_blocks(parts), folder, run.num_clusters):
        total += sizes
    return ClusterSizes(sizes=total, num_parts=len(parts), of_parts=of_parts)


def sizes_in_parts(
    parts: Sequence[int], folder: Folder, num_clusters: int
) -> Int[np.ndarray, "{num_clusters}"]:
    """Images of each cluster in some parts; rejects are in none."""
    sizes = np.zeros(num_clusters, dtype=np.int64)
    for part in parts:
        ids = read_parquet(folder, part_name(part), ("cluster_id",)).column(0).to_numpy()
        sizes += np.bincount(ids[ids != REJECTED], minlength=num_clusters)
    return sizes


def count_rejects(run: RunRecords, mapped: TaskMap) -> Rejects:
    """Rejects by reason, from the sidecars of the image table's parts."""
    parts = sampled(run.layout.num_parts, MOST_SIDECARS_READ, run.seed, "rejects")
    folder = run.image_root.folder(IMAGES_FOLDER)
    counts: Counter[str] = Counter()
    keys: dict[str, list[str]] = {}
    found = sorted(mapped(rejects_in_parts, in_blocks(parts), folder), key=lambda pair: pair[0])
    for _, (own_counts, own_keys) in found:
        counts.update(own_counts)
        for reason, some in own_keys.items():
            keys[reason] = (keys.get(reason, []) + some)[:_KEYS_KEPT]
    reasons = tuple(
        Reject(reason=reason, num_images=count, some_keys=tuple(keys[reason]))
        for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
    num_images = sum(len(run.layout.rows(part)) for part in parts)
    return Rejects(reasons=reasons, num_images=num_images)


def rejects_in_parts(
    parts: Sequence[int], folder: Folder
) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Count and a few keys of each reject reason in some parts."""
    with ThreadPoolExecutor(_THREADS) as pool:
        sidecars = list(pool.map(lambda part: read_sidecar(folder, part), parts))
    counts: Counter[str] = Counter()
    keys: dict[str, list[str]] = {}
    for sidecar in sidecars:
        for key, reason in sidecar["rejects"].items():
            counts[reason] += 1
            if len(keys.setdefault(reason, [])) < _KEYS_KEPT:
                keys[reason].append(key)
    return dict(counts), keys


def count_draws(
    run: RunRecords, manifest: Manifest, mapped: TaskMap
) -> Int[np.ndarray, "images"] | None:
    """How often each image that was drawn at all is in the groups of a split; None where the
    split has more groups than a report should open.
    """
    if manifest.num_groups > MOST_GROUPS_COUNTED:
        return None
    folder = shard_folder(run.root, manifest.split)
    shards = [line.shard for line in manifest.shards]
    pieces = [ids for _, ids in mapped(image_ids_in_shards, in_blocks(shards), folder)]
    ids = np.concatenate(pieces) if pieces else np.empty(0, np.int64)
    return np.unique(ids, return_counts=True)[1]


def image_ids_in_shards(shards: Sequence[int], folder: Folder) -> Int[np.ndarray, "draws"]:
    """Image ids of all groups of some shards, read from the JSON members alone."""
    pieces = [np.empty(0, np.int64)]
    with ThreadPoolExecutor(_THREADS) as pool:
        for shard in shards:
            name = tar_name(shard)
            members = [
                (offset, offset + size)
                for sample in read_shard_sidecar(folder, shard).samples
                for suffix, offset, size in sample["members"]
                if suffix == "json"
            ]
            documents = pool.map(lambda place, name=name: folder.read_range(name, *place), members)
            for data in documents:
                meta = parse_json(data, folder.place(name))
                pieces.append(np.asarray(meta["image_ids"], dtype=np.int64))
    return np.concatenate(pieces)
