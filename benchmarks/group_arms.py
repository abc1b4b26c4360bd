"""The arms of `groups_pay.py`: which images share a Gram matrix, and which triplets count.

Every arm draws the same number of images a step, by the generator's own law.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.functional.sampling import (
    Members,
    draw_groups,
    draw_random_groups,
    members_by_cluster,
)
from alignet_ray.functional.similarity import gram_matrix
from alignet_ray.training.data import Batch, Part
from alignet_ray.training.sources import Kind
from groups_report import BASELINE
from real_material import Images

TEACHER_TEMPERATURE = 1.0
HELD_OUT = 10
MEASURED_TRIPLETS = 2_000


@dataclass(frozen=True, kw_only=True)
class Draw:
    """Groups of one kind in a step: the law of their images, and the triplets that count."""

    blocks: tuple[int, ...]
    num_groups: int = 1
    law: str = "cluster_border"
    triplets: str = ""

    @property
    def kind(self) -> Kind:
        """What the loss must know; where the triplets are not named, they are the law's."""
        strategy = self.triplets or self.law
        return Kind(strategy=strategy, blocks=self.blocks, teacher_temperature=TEACHER_TEMPERATURE)


ARMS: dict[str, tuple[Draw, ...]] = {
    BASELINE: (Draw(blocks=(2, 1), num_groups=64),),
    "48 x 4": (Draw(blocks=(4,) * 48),),
    "96 x 2": (Draw(blocks=(2,) * 96),),
    "24 x 8": (Draw(blocks=(8,) * 24),),
    "4 of 12 x 4": (Draw(blocks=(4,) * 12, num_groups=4),),
    "48 x 4, all triplets": (Draw(blocks=(4,) * 48, triplets="random"),),
    "192 at random": (Draw(blocks=(192,), law="random"),),
    "12 x 16": (Draw(blocks=(16,) * 12),),
    "24 x 4 and 8 within": (
        Draw(blocks=(4,) * 24),
        Draw(blocks=(12,), num_groups=8, law="within_cluster"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Split:
    """One seed's images: rows to train on by cluster, and what is measured on the others."""

    training: Members
    training_rows: np.ndarray
    held_out: np.ndarray
    measured: dict[str, np.ndarray]


def split_of(num_images: int, cluster_ids: np.ndarray, seed: int) -> Split:
    """A tenth of the images is held out; triplets among them are drawn once, by both laws."""
    order = RandomStream(seed, "held out").permutation(num_images)
    held_out = np.sort(order[: num_images // HELD_OUT])
    is_held_out = np.isin(np.arange(num_images), held_out)
    num_clusters = int(cluster_ids.max()) + 1
    training = members_by_cluster(np.where(is_held_out, -1, cluster_ids), num_clusters)
    own = members_by_cluster(cluster_ids[held_out], num_clusters)
    stream = RandomStream(seed, "measured triplets")
    border = draw_groups(stream, own, blocks=(2, 1), num_groups=MEASURED_TRIPLETS)
    rows = np.arange(len(held_out))
    random = draw_random_groups(stream, rows, group_size=3, num_groups=MEASURED_TRIPLETS)
    return Split(
        training=training,
        training_rows=np.flatnonzero(~is_held_out),
        held_out=held_out,
        measured={"border": border, "random": random},
    )


def batch_of(images: Images, split: Split, draws: Sequence[Draw], stream: RandomStream) -> Batch:
    """The groups of one step, as the trainer gets them from shards."""
    return tuple(_part(images, split, draw, stream) for draw in draws)


def _part(images: Images, split: Split, draw: Draw, stream: RandomStream) -> Part:
    if draw.law == "random":
        rows = draw_random_groups(
            stream, split.training_rows, group_size=sum(draw.blocks), num_groups=draw.num_groups
        )
    else:
        rows = draw_groups(stream, split.training, blocks=draw.blocks, num_groups=draw.num_groups)
    return Part(
        kind=draw.kind,
        pixels=images.pixels[rows],
        similarities=gram_matrix(images.vectors[rows]),
    )
