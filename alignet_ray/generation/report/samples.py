"""Groups of a split as a person can look at them: triplets with their soft labels, one group.

A task reads a bounded number of bytes of a few seeded shards and hands back thumbnails and
similarities, never stored images.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int

from alignet_ray.functional.groups import gram_pair_similarities, num_triplets
from alignet_ray.functional.odd_one_out import entropy, pair_log_probabilities
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.functional.triplet_draws import draw_triplets
from alignet_ray.generation.report.counting import sampled
from alignet_ray.pages.pictures import (
    LARGE,
    MEDIUM,
    SMALL,
    HeatMap,
    Picture,
    heat_map,
    picture,
)
from alignet_ray.records.manifest import Manifest
from alignet_ray.records.shards import Group, Shard, read_groups, read_sidecar, shard_folder
from alignet_ray.records.store import Folder

Item = TypeVar("Item")

NUM_TRIPLETS = 4_096
_LEAST_SHARDS, _MOST_SHARDS = 8, 256
_THREADS = 16
_MOST_BYTES = 64 << 20
_NUM_SHOWN = 5
HERO_ENTROPY = 0.75
"""A label that is neither hard nor empty shows best what a soft label is."""
_MOST_BLOCKS_SHOWN = 12
_MOST_IMAGES_SHOWN = 60


@dataclass(frozen=True, kw_only=True)
class ShownTriplet:
    """Three pictures with the teacher's similarities and pair probabilities, in pair order."""

    pictures: tuple[Picture, Picture, Picture]
    similarities: tuple[float, float, float]
    probabilities: tuple[float, float, float]
    entropy: float
    split: str


@dataclass(frozen=True, kw_only=True)
class ShownBlock:
    """Images of a group that share a cluster or class, and what they share."""

    cluster_id: int
    label: str | None
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, kw_only=True)
class ShownGroup:
    """One group: its first blocks as pictures, its whole Gram matrix as a heat map."""

    blocks: tuple[ShownBlock, ...]
    sizes: tuple[int, ...]
    strategy: str
    similarities: HeatMap


@dataclass(frozen=True, kw_only=True)
class SplitSample:
    """What was looked at of a split: `triplets` run from the most certain to the least.

    `eligible_share` and `distance_from_uniform` are the worst of the shards that were looked at;
    None where their sidecars say nothing of them.
    """

    split: str
    teacher_temperature: float
    num_shards: int
    eligible_share: float | None
    distance_from_uniform: float | None
    similarities: Float[np.ndarray, "triplets 3"]
    entropies: Float[np.ndarray, "triplets"]
    triplets: tuple[ShownTriplet, ...]
    hero: ShownTriplet
    group: ShownGroup | None


def sample_split(manifest: Manifest, root: Folder, seed: int) -> SplitSample:
    """Read some groups of a split and draw at most about `NUM_TRIPLETS` triplets of them."""
    shards = _some_shards(manifest, root, seed)
    groups = _some_groups(manifest, root, shards)
    stream = RandomStream(seed, "report", "triplets", manifest.split)
    per_group = -(-NUM_TRIPLETS // len(groups))
    places = [draw_triplets(stream, manifest.strategy, manifest.blocks, per_group) for _ in groups]
    similarities = np.concatenate(
        [triplet_similarities(g.similarities, own) for g, own in zip(groups, places, strict=True)]
    )
    logs = pair_log_probabilities(torch.from_numpy(similarities), manifest.teacher_temperature)
    probabilities, entropies = logs.exp().numpy(), entropy(logs).numpy()
    owner = np.repeat(np.arange(len(groups)), [len(own) for own in places])
    positions = np.concatenate(places)

    def shown(row: int, side: int) -> ShownTriplet:
        group = groups[owner[row]]
        return ShownTriplet(
            pictures=_three([_picture(group, i, side) for i in positions[row].tolist()]),
            similarities=_three(similarities[row].tolist()),
            probabilities=_three(probabilities[row].tolist()),
            entropy=float(entropies[row]),
            split=manifest.split,
        )

    hero = int(np.argmin(np.abs(entropies - HERO_ENTROPY)))
    return SplitSample(
        split=manifest.split,
        teacher_temperature=manifest.teacher_temperature,
        num_shards=len(shards),
        eligible_share=_worst(shards, "eligible_share", min),
        distance_from_uniform=_worst(shards, "distance_from_uniform", max),
        similarities=similarities,
        entropies=entropies,
        triplets=tuple(shown(row, MEDIUM) for row in _spread(entropies)),
        hero=shown(hero, LARGE),
        group=_shown_group(groups[0]) if sum(manifest.blocks) > 3 else None,
    )


def triplet_similarities(
    gram: Float[np.ndarray, "images images"], triplets: Int[np.ndarray, "triplets 3"]
) -> Float[np.ndarray, "triplets 3"]:
    """Similarities of triplets in pair order, in float64."""
    matrix = torch.from_numpy(gram.astype(np.float64))
    return gram_pair_similarities(matrix, torch.from_numpy(triplets)).numpy()


def _some_shards(manifest: Manifest, root: Folder, seed: int) -> list[Shard]:
    """Sidecars of seeded shards: a few, or as many as it takes where shards are tiny."""
    folder = shard_folder(root, manifest.split)
    group_triplets = num_triplets(manifest.strategy, manifest.blocks)
    shard_triplets = group_triplets * max(line.samples for line in manifest.shards)
    wanted = min(_MOST_SHARDS, max(_LEAST_SHARDS, -(-NUM_TRIPLETS // shard_triplets)))
    chosen = sampled(len(manifest.shards), wanted, seed, f"shards {manifest.split}")
    numbers = [manifest.shards[position].shard for position in chosen]
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(lambda shard: read_sidecar(folder, shard), numbers))


def _worst(shards: list[Shard], name: str, worst: Callable[..., float]) -> float | None:
    """The worst value of a statistic, or None where no shard has it."""
    values = [shard.statistics[name] for shard in shards if name in shard.statistics]
    return worst(values) if values else None


def _some_groups(manifest: Manifest, root: Folder, shards: list[Shard]) -> list[Group]:
    """First groups of every shard, at least one in all and then at most `_MOST_BYTES`."""
    folder, budget = shard_folder(root, manifest.split), _MOST_BYTES // len(shards)
    counts = [_num_groups_within(shard, budget) for shard in shards]
    counts[0] = max(1, counts[0])
    with ThreadPoolExecutor(_THREADS) as pool:
        read = pool.map(lambda shard, count: read_groups(folder, shard, 0, count), shards, counts)
        return [group for groups in read for group in groups]


def _num_groups_within(shard: Shard, budget: int) -> int:
    ends = np.cumsum([sample["bytes"] for sample in shard.samples])
    return int(np.searchsorted(ends, budget, side="right"))


def _spread(entropies: Float[np.ndarray, "triplets"]) -> list[int]:
    """Rows at even steps through the triplets in the order of their entropy, no row twice."""
    order = np.argsort(entropies, kind="stable")
    steps = np.linspace(0, len(order) - 1, min(_NUM_SHOWN, len(order)))
    return order[np.rint(steps).astype(int)].tolist()


def _shown_group(group: Group) -> ShownGroup:
    sizes = group.blocks
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    most = max(1, _MOST_IMAGES_SHOWN // min(len(sizes), _MOST_BLOCKS_SHOWN))
    blocks = tuple(
        ShownBlock(
            cluster_id=group.cluster_ids[start],
            label=group.labels[start],
            pictures=tuple(
                _picture(group, i, SMALL) for i in range(start, start + min(size, most))
            ),
        )
        for start, size in list(zip(starts, sizes, strict=True))[:_MOST_BLOCKS_SHOWN]
    )
    return ShownGroup(
        blocks=blocks,
        sizes=sizes,
        strategy=group.strategy,
        similarities=heat_map(group.similarities),
    )


def _picture(group: Group, position: int, side: int) -> Picture:
    return picture(group.images[position], group.keys[position], group.labels[position], side)


def _three(items: list[Item]) -> tuple[Item, Item, Item]:
    first, second, third = items
    return first, second, third
