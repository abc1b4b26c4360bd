"""Which triplets a group of images contains, and their similarities from its Gram matrix.

A group is drawn as blocks: runs of consecutive images that share a cluster or class. P x K has P
blocks of K; the paper's border triplet has the blocks (2, 1); a random group is one block.
"""

import itertools
from collections.abc import Sequence
from math import comb

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from alignet_ray.functional.odd_one_out import PAIR_ORDER

BORDER_STRATEGIES = ("cluster_border", "class_border")
WITHIN_STRATEGIES = ("within_cluster", "within_class")
STRATEGIES = ("random", *BORDER_STRATEGIES, *WITHIN_STRATEGIES)
CLASS_STRATEGIES = ("class_border", "within_class")


def triplet_positions(strategy: str, blocks: Sequence[int]) -> Int[np.ndarray, "triplets 3"]:
    """Positions of every triplet of a group, in one order.

    Border: every pair inside a block with every image outside it (the outsider stands last).
    Within: every three images of a block. Random: every three images of the group.
    """
    if strategy in BORDER_STRATEGIES:
        return _border_triplets(blocks)
    sizes = blocks if strategy in WITHIN_STRATEGIES else (sum(blocks),)
    starts = np.cumsum([0, *sizes[:-1]])
    triplets = [
        np.array(list(itertools.combinations(range(size), 3)), dtype=np.int64).reshape(-1, 3)
        + start
        for start, size in zip(starts, sizes, strict=True)
    ]
    return np.concatenate(triplets)


def _border_triplets(blocks: Sequence[int]) -> Int[np.ndarray, "triplets 3"]:
    total = sum(blocks)
    starts = np.cumsum([0, *blocks[:-1]])
    pieces: list[np.ndarray] = []
    for start, size in zip(starts, blocks, strict=True):
        pairs = np.array(
            list(itertools.combinations(range(start, start + size), 2)), dtype=np.int64
        )
        outside = np.concatenate([np.arange(start), np.arange(start + size, total)])
        left = np.repeat(pairs.reshape(-1, 2), len(outside), axis=0)
        right = np.tile(outside, len(pairs))
        pieces.append(np.column_stack([left, right]))
    return np.concatenate(pieces)


def num_triplets(strategy: str, blocks: Sequence[int]) -> int:
    """How many triplets a group contains."""
    if strategy in BORDER_STRATEGIES:
        return sum(comb(size, 2) * (sum(blocks) - size) for size in blocks)
    if strategy in WITHIN_STRATEGIES:
        return sum(comb(size, 3) for size in blocks)
    return comb(sum(blocks), 3)


def strategy_fault(
    strategy: str, blocks: Sequence[int], ids: Int[np.ndarray, "images"]
) -> str | None:
    """How a group breaks its strategy, or None where it keeps it.

    `ids` are the images' clusters or, for class strategies, classes; below 0 is none. Images of
    one block must share theirs, and blocks must differ; random groups may be anything.
    """
    if len(ids) != sum(blocks):
        return f"{len(ids)} images in blocks of {sum(blocks)}"
    if strategy == "random":
        return None
    ends = np.cumsum(blocks)
    of_blocks = [set(block.tolist()) for block in np.split(ids, ends[:-1])]
    for number, found in enumerate(of_blocks):
        if len(found) != 1 or min(found) < 0:
            return f"block {number} does not share one"
    if len(set().union(*of_blocks)) < len(of_blocks):
        return "two blocks share one"
    return None


def least_cluster_size(strategy: str, blocks: Sequence[int]) -> int:
    """Images that a cluster must have to be drawn at all; 1 where groups are not of clusters."""
    return max(blocks) if strategy in ("cluster_border", "within_cluster") else 1


def gram_pair_similarities(
    gram: Float[Tensor, "*batch images images"], triplets: Int[Tensor, "triplets 3"]
) -> Float[Tensor, "*batch triplets 3"]:
    """Each triplet's similarities in pair order, gathered from Gram matrices.

    In memory a group's first pairs lie before its second ones, as the softmax likes them.
    """
    images = triplets.T
    places = torch.cat([images[i] * gram.shape[-1] + images[j] for i, j in PAIR_ORDER])
    return gram.flatten(-2).index_select(-1, places).unflatten(-1, (len(PAIR_ORDER), -1)).mT
