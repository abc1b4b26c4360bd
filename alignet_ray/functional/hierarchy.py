"""How distances between images change with alignment, by what the two images have in common.

Distances are Euclidean. Absolute ones mean little, as training scales all of them, so each
checkpoint's are z-scored over all its pairs, and a change is the z-score after less that before.
All pairs count, block by block: memory does not grow with their number.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.functional.category_pairs import (
    RELATIONS,
    Categories,
    drawn_pairs,
    relations,
)
from alignet_ray.functional.finite import refuse_not_finite
from alignet_ray.functional.random_streams import RandomStream

_ROWS_AT_ONCE = 256

Vectors = Float[np.ndarray, "images dim"]
LaterVectors = Float[np.ndarray, "images later_dim"]


class Moments(NamedTuple):
    """Mean and standard deviation of a checkpoint's pairwise distances."""

    mean: float
    deviation: float


class GroupedChange(NamedTuple):
    """Mean change and its standard deviation over the pairs of each group; NaN where none is."""

    mean: Float[np.ndarray, "..."]
    deviation: Float[np.ndarray, "..."]
    num_pairs: Int[np.ndarray, "..."]


class HierarchyChange(NamedTuple):
    """Changes by relation, and by pairs of superordinate categories (symmetric)."""

    by_relation: GroupedChange
    by_superordinate: GroupedChange
    before: Moments
    after: Moments


class SampledPairs(NamedTuple):
    """Pairs of images, their relation and the change of their distance."""

    left: Int[np.ndarray, "pairs"]
    right: Int[np.ndarray, "pairs"]
    relation: Int[np.ndarray, "pairs"]
    change: Float[np.ndarray, "pairs"]


def distance_moments(vectors: Vectors) -> Moments:
    """Over all pairs of different images.

    Raises ValueError for fewer than three images, vectors that are not finite, and where all
    distances are equal.
    """
    if len(vectors) < 3:
        raise ValueError(f"{len(vectors)} images; expected at least 3")
    refuse_not_finite(vectors)
    num, total, squares, largest = 0, 0.0, 0.0, 0.0
    shift: float | None = None
    for _, distances in _blocks(vectors):
        own = distances[np.isfinite(distances)]
        shift = float(own.mean()) if shift is None else shift  # so that squares do not cancel
        num += own.size
        total += float((own - shift).sum())
        squares += float(((own - shift) ** 2).sum())
        largest = max(largest, float(own.max(initial=0)))
    mean = total / num
    deviation = float(np.sqrt(max(squares / num - mean**2, 0.0)))
    if not deviation > 1e-9 * largest:
        raise ValueError("all distances between images are equal; expected different vectors")
    return Moments(mean + (shift or 0.0), deviation)


def hierarchy_change(
    before: Vectors, after: LaterVectors, categories: Categories
) -> HierarchyChange:
    """Changes of all pairs' z-scored distances, by relation and by superordinate categories."""
    moments = distance_moments(before), distance_moments(after)
    num_above = int(categories[:, 2].max()) + 1
    by_relation = _Sums.empty((len(RELATIONS),))
    by_above = _Sums.empty((num_above, num_above))
    for (start, old), (_, new) in zip(_blocks(before), _blocks(after), strict=True):
        change = _change(old, new, moments)
        own = categories[start : start + len(change)]
        relation = (own[:, None, :] != categories[None, start:, :]).sum(axis=2)
        is_pair = np.isfinite(change)
        above = own[:, None, 2] * num_above + categories[None, start:, 2]
        by_relation.add(relation[is_pair], change[is_pair])
        by_above.add(above[is_pair], change[is_pair])
    return HierarchyChange(by_relation.result(), by_above.symmetric().result(), *moments)


def sampled_pairs(
    before: Vectors,
    after: LaterVectors,
    categories: Categories,
    *,
    most_per_relation: int,
    stream: RandomStream,
) -> SampledPairs:
    """At most so many pairs of each relation, drawn uniformly from all of that relation.

    The change is that over all pairs' moments, as in `hierarchy_change`. Which image is left is
    drawn too.
    """
    moments = distance_moments(before), distance_moments(after)
    left, right = drawn_pairs(categories, most_per_relation, stream)
    old, new = (_distances(vectors, left, right) for vectors in (before, after))
    return SampledPairs(
        left=left,
        right=right,
        relation=relations(categories[left], categories[right]),
        change=_change(old, new, moments),
    )


def _change(
    old: Float[np.ndarray, "..."], new: Float[np.ndarray, "..."], moments: tuple[Moments, Moments]
) -> Float[np.ndarray, "..."]:
    before, after = moments
    return (new - after.mean) / after.deviation - (old - before.mean) / before.deviation


def _blocks(vectors: Vectors) -> Iterator[tuple[int, Float[np.ndarray, "rows others"]]]:
    """Distances of a run of images to themselves and all later ones; NaN where a pair has been."""
    exact = vectors.astype(np.float64)
    exact = exact - exact.mean(axis=0)  # distances stay, and squares cancel less
    squares = np.einsum("ij,ij->i", exact, exact)
    for start in range(0, len(exact), _ROWS_AT_ONCE):
        rows = exact[start : start + _ROWS_AT_ONCE]
        products = rows @ exact[start:].T
        squared = squares[start : start + len(rows), None] + squares[None, start:] - 2 * products
        distances = np.sqrt(np.maximum(squared, 0.0))
        distances[np.tril_indices(len(rows), 0, distances.shape[1])] = np.nan
        yield start, distances


def _distances(
    vectors: Vectors, left: Int[np.ndarray, "pairs"], right: Int[np.ndarray, "pairs"]
) -> Float[np.ndarray, "pairs"]:
    found = np.empty(len(left))
    for start in range(0, len(left), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        differences = vectors[left[rows]].astype(np.float64) - vectors[right[rows]]
        found[rows] = np.linalg.norm(differences, axis=1)
    return found


class _Sums(NamedTuple):
    """Running number, sum and sum of squares of each group."""

    num: Int[np.ndarray, "..."]
    total: Float[np.ndarray, "..."]
    squares: Float[np.ndarray, "..."]

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> "_Sums":
        return cls(np.zeros(shape, dtype=np.int64), np.zeros(shape), np.zeros(shape))

    def add(self, group: Int[np.ndarray, "pairs"], values: Float[np.ndarray, "pairs"]) -> None:
        """Add values to their groups, numbered in the flat order of the shape."""
        size = self.num.size
        flat = self.num.reshape(-1), self.total.reshape(-1), self.squares.reshape(-1)
        for sums, weights in zip(flat, (None, values, values**2), strict=True):
            sums += np.bincount(group, weights, minlength=size).astype(sums.dtype)

    def symmetric(self) -> "_Sums":
        """Groups (a, b) and (b, a) as one."""
        diagonal = np.eye(len(self.num))
        joined = [sums + sums.T - (sums * diagonal).astype(sums.dtype) for sums in self]
        return _Sums(*joined)

    def result(self) -> GroupedChange:
        nothing = np.full(self.num.shape, np.nan)
        mean = np.divide(self.total, self.num, out=nothing.copy(), where=self.num > 0)
        square = np.divide(self.squares, self.num, out=nothing.copy(), where=self.num > 0)
        return GroupedChange(mean, np.sqrt(np.maximum(square - mean**2, 0.0)), self.num)
