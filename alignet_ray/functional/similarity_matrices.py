"""Representational similarity matrices as flat upper triangles, and their ranks, for many images.

10,000 images have 50 million pairs, 400 MB as float64. The full matrix is never made: triangles
are filled by blocks of rows, and ranks are whole numbers, twice the mid-rank, in 32 bits. Ranking
holds the values, their order and the ranks, 21 bytes a pair: 1.05 GB for 10,000 images; the ranks
that stay are 200 MB.
"""

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float, Int, UInt32

from alignet_ray.functional.finite import refuse_not_finite
from alignet_ray.functional.odd_one_out import unit_length
from alignet_ray.functional.rank_correlation import within_one

MOST_PAIRS = 2**31 - 1  # so that twice a rank fits in 32 bits: 65,536 images

_ROWS_AT_ONCE = 256
_PAIRS_AT_ONCE = 1 << 20

Pairs = Float[np.ndarray, "pairs"]
Places = Int[np.ndarray, "run"]
DoubledRanks = UInt32[np.ndarray, "pairs"]


def num_pairs_of(num_images: int) -> int:
    """Unordered pairs of different images."""
    return num_images * (num_images - 1) // 2


def pearson_upper(embeddings: Float[np.ndarray, "images dim"]) -> Pairs:
    """Pearson's correlation of each two images' vectors, pairs in the order of the upper triangle.

    A constant vector, which correlates with nothing, gets 0 with all others.
    """
    vectors = pearson_space(embeddings)
    num_images = len(vectors)
    flat = np.empty(num_pairs_of(num_images))
    start = 0
    for first in range(0, num_images, _ROWS_AT_ONCE):
        block = vectors[first : first + _ROWS_AT_ONCE] @ vectors[first:].T
        for row, similarities in enumerate(block):
            own = similarities[row + 1 :]
            flat[start : start + len(own)] = own
            start += len(own)
    return flat


def pearson_space(
    embeddings: Float[np.ndarray, "images dim"],
) -> Float[np.ndarray, "images dim"]:
    """Vectors whose dot products are Pearson's correlations of the given ones.

    Raises ValueError where one is not finite.
    """
    refuse_not_finite(embeddings)
    vectors = embeddings.astype(np.float64)
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
    vectors -= vectors.mean(axis=1, keepdims=True)
    # What rounding leaves of a constant vector is no direction.
    is_constant = np.abs(vectors).max(axis=1, keepdims=True, initial=0) <= 1e-12 * largest
    return unit_length(np.where(is_constant, 0.0, vectors))


def upper_triangle(matrix: Float[np.ndarray, "images images"]) -> Pairs:
    """The entries above the diagonal, row by row, as float64."""
    rows = [matrix[row, row + 1 :] for row in range(len(matrix))]
    return np.concatenate(rows).astype(np.float64) if rows else np.empty(0)


def doubled_ranks(values: Pairs) -> DoubledRanks:
    """Twice the rank from 1 of each value; equal values share the mean of their ranks.

    Values are numbers, at most MOST_PAIRS of them. Raises ValueError where there are more.
    """
    if len(values) > MOST_PAIRS:
        raise ValueError(f"{len(values):,} pairs; expected at most {MOST_PAIRS:,} (65,536 images)")
    order = np.argsort(values)
    is_first = _is_first_of_its_value(values, order)
    ranks = np.empty(len(values), dtype=np.uint32)
    for rows, starts in _group_starts(is_first):
        ranks[order[rows]] = starts + 1
    for rows, ends in _group_ends(is_first):
        ranks[order[rows]] += ends.astype(np.uint32)
    return ranks


def spearman_of_ranks(first: DoubledRanks, second: DoubledRanks) -> float:
    """Pearson's correlation of ranks; NaN where all of one are equal or there are fewer than two.

    The mean of ranks is known, so that one pass is enough.
    """
    if len(first) < 2:
        return math.nan
    middle = len(first) + 1.0
    sums = np.zeros(3)
    for start in range(0, len(first), _PAIRS_AT_ONCE):
        rows = slice(start, start + _PAIRS_AT_ONCE)
        left, right = first[rows] - middle, second[rows] - middle
        sums += left @ left, right @ right, left @ right
    scale = math.sqrt(sums[0]) * math.sqrt(sums[1])
    return within_one(float(sums[2]) / scale) if scale > 0 else math.nan


def spearman_of_pairs(first: Pairs, second: Pairs) -> float:
    """Spearman's correlation over the pairs where both are numbers; NaN where it is undefined."""
    both = np.isfinite(first) & np.isfinite(second)
    if both.all():
        return spearman_of_ranks(doubled_ranks(first), doubled_ranks(second))
    return spearman_of_ranks(doubled_ranks(first[both]), doubled_ranks(second[both]))


def _is_first_of_its_value(
    values: Pairs, order: Int[np.ndarray, "pairs"]
) -> Bool[np.ndarray, "pairs"]:
    is_first = np.ones(len(values), dtype=np.bool_)
    for start in range(1, len(values), _PAIRS_AT_ONCE):
        stop = min(start + _PAIRS_AT_ONCE, len(values))
        ascending = values[order[start - 1 : stop]]
        is_first[start:stop] = ascending[1:] != ascending[:-1]
    return is_first


def _group_starts(is_first: Bool[np.ndarray, "pairs"]) -> Iterator[tuple[slice, Places]]:
    """Runs of sorted places, and for each place where its group of equal values starts."""
    last = 0
    for start in range(0, len(is_first), _PAIRS_AT_ONCE):
        rows = slice(start, min(start + _PAIRS_AT_ONCE, len(is_first)))
        places = np.where(is_first[rows], np.arange(rows.start, rows.stop), last)
        starts = np.maximum.accumulate(places)
        last = int(starts[-1])
        yield rows, starts


def _group_ends(is_first: Bool[np.ndarray, "pairs"]) -> Iterator[tuple[slice, Places]]:
    """The same runs from the last to the first, and where each place's group ends, exclusive."""
    following = len(is_first)
    for start in reversed(range(0, len(is_first), _PAIRS_AT_ONCE)):
        rows = slice(start, min(start + _PAIRS_AT_ONCE, len(is_first)))
        places = np.full(rows.stop - rows.start, following)
        is_last = is_first[rows.start + 1 : rows.stop]
        places[:-1] = np.where(is_last, np.arange(rows.start + 1, rows.stop), following)
        ends = np.minimum.accumulate(places[::-1])[::-1]
        yield rows, ends
        following = rows.start if is_first[rows.start] else int(ends[0])
