"""Some triplets of a group, where all of them would be too many to look at."""

from collections.abc import Sequence
from math import comb

import numpy as np
from jaxtyping import Int

from alignet_ray.functional.groups import (
    BORDER_STRATEGIES,
    WITHIN_STRATEGIES,
    num_triplets,
    triplet_positions,
)
from alignet_ray.functional.random_streams import RandomStream


def draw_triplets(
    stream: RandomStream, strategy: str, blocks: Sequence[int], count: int
) -> Int[np.ndarray, "triplets 3"]:
    """All triplets of a group where it has at most `count`; else `count` uniform draws of them.

    Draws are independent, so a triplet may come twice. Positions are as in `triplet_positions`:
    in a border triplet the outsider stands last.
    """
    if num_triplets(strategy, blocks) <= count:
        return triplet_positions(strategy, blocks)
    total = sum(blocks)
    if strategy not in (*BORDER_STRATEGIES, *WITHIN_STRATEGIES):
        return np.sort(stream.distinct_integers(np.full(count, total), 3), axis=1)
    inside = 2 if strategy in BORDER_STRATEGIES else 3
    sizes = np.asarray(blocks)
    starts = np.cumsum(sizes) - sizes
    block = _draw_blocks(stream, blocks, inside, count)
    own = np.sort(stream.distinct_integers(sizes[block], inside), axis=1) + starts[block][:, None]
    if inside == 3:
        return own
    outside = stream.integers(total - sizes[block])
    outside = outside + np.where(outside >= starts[block], sizes[block], 0)
    return np.concatenate([own, outside[:, None]], axis=1)


def _draw_blocks(
    stream: RandomStream, blocks: Sequence[int], inside: int, count: int
) -> Int[np.ndarray, "{count}"]:
    """Blocks with probabilities proportional to the triplets that each of them has."""
    total = sum(blocks)
    weights = [comb(size, inside) * (1 if inside == 3 else total - size) for size in blocks]
    ends = np.cumsum(np.array(weights, dtype=np.int64))
    return np.searchsorted(ends, stream.integers(np.full(count, ends[-1])), side="right")
