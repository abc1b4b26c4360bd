"""The sampling law: clusters uniform over the eligible ones, images uniform inside the cluster.

All draws of a shard come from one stream and are made for all its groups at once. Positions are
rows of the pool; -1 marks rows that belong to no cluster.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.functional.random_streams import RandomStream

Positions = Int[np.ndarray, "groups images"]


@dataclass(frozen=True, kw_only=True)
class Members:
    """Pool rows by cluster: rows of cluster i are `order[starts[i] : starts[i] + sizes[i]]`."""

    order: Int[np.ndarray, "rows"]
    starts: Int[np.ndarray, "clusters"]
    sizes: Int[np.ndarray, "clusters"]

    def eligible(self, minimum: int) -> Int[np.ndarray, "eligible"]:
        """Clusters with at least `minimum` images."""
        return np.flatnonzero(self.sizes >= minimum)


def members_by_cluster(cluster_ids: Int[np.ndarray, "rows"], num_clusters: int) -> Members:
    """Rows sorted by cluster, keeping their order inside each; ids below 0 are left out."""
    rows = np.flatnonzero(cluster_ids >= 0)
    ids = cluster_ids[rows]
    sizes = np.bincount(ids, minlength=num_clusters)
    order = rows[np.argsort(ids, kind="stable")]
    return Members(order=order, starts=np.cumsum(sizes) - sizes, sizes=sizes)


def draw_groups(
    stream: RandomStream, members: Members, *, blocks: Sequence[int], num_groups: int
) -> Positions:
    """Pool rows of `num_groups` groups; no image twice in a group.

    Raises ValueError where the pool cannot fill one group.
    """
    if len(blocks) == 1:
        return _draw_within(stream, members, blocks[0], num_groups)
    if len(set(blocks)) == 1:
        return _draw_p_by_k(stream, members, len(blocks), blocks[0], num_groups)
    if tuple(blocks) == (2, 1):
        return _draw_border_triplets(stream, members, num_groups)
    raise ValueError(f"blocks are {tuple(blocks)}; expected equal sizes, one block, or (2, 1)")


def draw_random_groups(
    stream: RandomStream, rows: Int[np.ndarray, "rows"], *, group_size: int, num_groups: int
) -> Positions:
    """Groups of images uniform over all rows, without replacement inside a group."""
    if len(rows) < group_size:
        raise ValueError(f"{len(rows)} images; expected at least {group_size} for one group")
    sizes = np.full(num_groups, len(rows))
    return rows[stream.distinct_integers(sizes, group_size)]


def _draw_images(
    stream: RandomStream, members: Members, clusters: Int[np.ndarray, "draws"], count: int
) -> Int[np.ndarray, "draws {count}"]:
    inside = stream.distinct_integers(members.sizes[clusters], count)
    return members.order[members.starts[clusters][:, None] + inside]


def _draw_p_by_k(
    stream: RandomStream, members: Members, num_blocks: int, size: int, num_groups: int
) -> Positions:
    eligible = members.eligible(size)
    if len(eligible) < num_blocks:
        raise ValueError(
            f"{len(eligible)} clusters with {size} images; expected {num_blocks} or more"
        )
    chosen = stream.distinct_integers(np.full(num_groups, len(eligible)), num_blocks)
    images = _draw_images(stream, members, eligible[chosen].reshape(-1), size)
    return images.reshape(num_groups, num_blocks * size)


def _draw_within(stream: RandomStream, members: Members, size: int, num_groups: int) -> Positions:
    eligible = members.eligible(size)
    if len(eligible) == 0:
        raise ValueError(f"no cluster with {size} images; expected at least one")
    chosen = eligible[stream.integers(np.full(num_groups, len(eligible)))]
    return _draw_images(stream, members, chosen, size)


def _draw_border_triplets(stream: RandomStream, members: Members, num_groups: int) -> Positions:
    """Two images of a cluster, uniform over those with two, and one of another cluster."""
    pairs, singles = members.eligible(2), members.eligible(1)
    if len(pairs) < 1 or len(singles) < 2:
        raise ValueError(
            f"{len(pairs)} clusters with 2 images and {len(singles)} in all; expected 1 and 2"
        )
    first = pairs[stream.integers(np.full(num_groups, len(pairs)))]
    skipped = np.searchsorted(singles, first)
    drawn = stream.integers(np.full(num_groups, len(singles) - 1))
    second = singles[drawn + (drawn >= skipped)]
    two = _draw_images(stream, members, first, 2)
    one = _draw_images(stream, members, second, 1)
    return np.concatenate([two, one], axis=1)


@dataclass(frozen=True, kw_only=True)
class PoolStatistics:
    """What the law can reach in a pool: eligible clusters, the share of images in them, and the
    total variation distance of one drawn image's law from uniform over the pool's images.
    """

    num_images: int
    num_eligible_clusters: int
    eligible_share: float
    distance_from_uniform: float


def pool_statistics(members: Members, minimum: int) -> PoolStatistics:
    """Statistics of drawing a cluster uniformly among the eligible and an image inside it."""
    eligible = members.eligible(minimum)
    total = int(members.sizes.sum())
    sizes: Float[np.ndarray, "eligible"] = members.sizes[eligible].astype(np.float64)
    share = float(sizes.sum() / total) if total else 0.0
    if len(eligible) == 0:
        distance = 1.0
    else:
        drawn = np.abs(1 / len(eligible) - sizes / total).sum()
        distance = 0.5 * float(drawn + (1 - share))
    return PoolStatistics(
        num_images=total,
        num_eligible_clusters=len(eligible),
        eligible_share=share,
        distance_from_uniform=distance,
    )
