"""How many images each cluster has, by source, added up from the sidecars of the parts.

Clusters that are tiny or empty are never drawn, and clusters that hold one source alone follow
its looks (resolution, sharpness) rather than its content: a user should know before training.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from alignet_ray.records.clusters import CLUSTERS_FOLDER
from alignet_ray.records.parts import PartLayout, read_sidecars
from alignet_ray.records.store import Folder
from alignet_ray.stages.tasks import map_tasks

Counts = list[list[int]]

PURE_SHARE = 0.95
_MIXED_SHARE = 0.8
_PARTS_PER_TASK = 500


@dataclass(frozen=True, kw_only=True)
class ClusterSizes:
    """Images of each source in each cluster."""

    counts: Int[np.ndarray, "sources clusters"]

    @property
    def sizes(self) -> Int[np.ndarray, "clusters"]:
        """Images of each cluster."""
        return self.counts.sum(axis=0)

    def num_empty(self) -> int:
        """Clusters without an image."""
        return int((self.sizes == 0).sum())

    def num_tiny(self, least: int) -> int:
        """Clusters with some images but fewer than a group takes of one."""
        return int(((self.sizes > 0) & (self.sizes < least)).sum())

    def share_in_tiny(self, least: int) -> float:
        """Share of the images that lie in such clusters and are never drawn."""
        sizes = self.sizes
        return float(sizes[sizes < least].sum() / max(1, sizes.sum()))

    def source_purity(self) -> float:
        """Share of the images that are of their cluster's most frequent source."""
        return float(self.counts.max(axis=0).sum() / max(1, self.counts.sum()))

    def largest_source_share(self) -> float:
        """What the purity would be, were clusters and sources independent."""
        return float(self.counts.sum(axis=1).max() / max(1, self.counts.sum()))


def count_clusters(
    cluster_ids: Int[np.ndarray, "rows"], source_ids: Int[np.ndarray, "rows"]
) -> Counts:
    """[source, cluster, images] of what occurs in a part, in order; rejects are left out."""
    rows = cluster_ids >= 0
    pairs = np.column_stack([source_ids[rows], cluster_ids[rows]])
    found, counts = np.unique(pairs, axis=0, return_counts=True)
    return np.column_stack([found, counts]).astype(np.int64).tolist()


def source_ids(keys: Sequence[str], sources: Sequence[str]) -> Int[np.ndarray, "rows"]:
    """Which of the sources each key is from: of several, keys begin with the source's name."""
    if len(sources) < 2:
        return np.zeros(len(keys), np.int64)
    numbers = {name: number for number, name in enumerate(sources)}
    return np.array([numbers[key.split("/")[0]] for key in keys], dtype=np.int64)


def cluster_sizes(
    root: Folder, layout: PartLayout, num_clusters: int, num_sources: int
) -> ClusterSizes:
    """The sizes of a finished clustering, by Ray tasks over its sidecars."""
    spans = layout.spans(_PARTS_PER_TASK)
    total = np.zeros((max(1, num_sources), num_clusters), np.int64)
    for _, counts in map_tasks(add_up, spans, root, total.shape):
        total += counts
    return ClusterSizes(counts=total)


def add_up(
    span: tuple[int, int], root: Folder, shape: tuple[int, int]
) -> Int[np.ndarray, "sources clusters"]:
    """Images of each source in each cluster, in parts [first, last)."""
    folder = root.folder(CLUSTERS_FOLDER)
    total = np.zeros(shape, np.int64)
    for sidecar in read_sidecars(folder, range(*span)):
        rows = np.array(sidecar["sizes"], dtype=np.int64).reshape(-1, 3)
        np.add.at(total, (rows[:, 0], rows[:, 1]), rows[:, 2])
    return total


def size_warnings(sizes: ClusterSizes, *, least: int, sources: Sequence[str]) -> Iterator[str]:
    """What a user should know of the clusters; `least` images of one are taken for a group."""
    num_clusters = sizes.counts.shape[1]
    if empty := sizes.num_empty():
        yield f"{empty} of {num_clusters} clusters are empty; take fewer --clusters.num-clusters"
    if tiny := sizes.num_tiny(least):
        yield (
            f"{tiny} of {num_clusters} clusters have fewer than {least} images and are never drawn "
            f"({sizes.share_in_tiny(least):.1%} of the images)"
        )
    purity, expected = sizes.source_purity(), sizes.largest_source_share()
    if len(sources) > 1 and purity >= PURE_SHARE and expected <= _MIXED_SHARE:
        yield (
            f"the clusters are {purity:.0%} pure by source ({', '.join(sources)}): they follow "
            "what tells the sources apart, such as resolution, rather than content; make one run "
            "of each source and train on both"
        )
