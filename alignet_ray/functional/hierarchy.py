"""How far apart images are, by what two of them have in common; and how that changes.

Distances are Euclidean. Absolute ones mean little, as training scales all of them, so each
checkpoint's are z-scored over all its pairs; a change is the z-score after less that before, and
a mean change the difference of two means. All pairs count, block by block: memory does not grow
with their number.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from alignet_ray.functional.category_pairs import (
    RELATIONS,
    Categories,
    drawn_pairs,
    relations,
)
from alignet_ray.functional.finite import refuse_not_finite
from alignet_ray.functional.random_streams import RandomStream

_MOST_ROWS_AT_ONCE = 256
_ENTRIES_AT_ONCE = 1 << 22
_LEAST_DEVIATION = 1e-9

Vectors = Float[np.ndarray, "images dim"]
LaterVectors = Float[np.ndarray, "images later_dim"]


class Moments(NamedTuple):
    """Mean and standard deviation of a checkpoint's pairwise distances."""

    mean: float
    deviation: float


class RelationDistances(NamedTuple):
    """A checkpoint's mean z-scored distances by relation, NaN where no pair stands in it.

    `without` has the same means, z-scored anew, of all pairs that do not show an image, one row
    for each image: the jackknife's. `by_superordinate` is symmetric.
    """

    mean: Float[np.ndarray, "relations"]
    num_pairs: Int[np.ndarray, "relations"]
    without: Float[np.ndarray, "images relations"]
    by_superordinate: Float[np.ndarray, "superordinates superordinates"]
    moments: Moments


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
    for _, distances, is_pair in _blocks(vectors):
        own = distances[is_pair]
        if shift is None:
            shift = float(own.mean())  # so that squares do not cancel
        num += own.size
        total += float((own - shift).sum())
        squares += float(((own - shift) ** 2).sum())
        largest = max(largest, float(own.max(initial=0)))
    mean = total / num
    deviation = float(np.sqrt(max(squares / num - mean**2, 0.0)))
    if not deviation > _LEAST_DEVIATION * largest:
        raise ValueError("all distances between images are equal; expected different vectors")
    return Moments(mean + (shift or 0.0), deviation)


def relation_distances(vectors: Vectors, categories: Categories) -> RelationDistances:
    """Mean z-scored distances of all pairs, by relation and by superordinate categories.

    Raises ValueError as `distance_moments` does.
    """
    moments = distance_moments(vectors)
    sums = np.zeros((len(vectors), len(RELATIONS)))
    squares = np.zeros(len(vectors))
    is_of = np.eye(int(categories[:, 2].max()) + 1)[categories[:, 2]]
    above = np.zeros((is_of.shape[1],) * 2)
    for start, distances, is_pair in _blocks(vectors):
        scores = np.where(is_pair, (distances - moments.mean) / moments.deviation, 0.0)
        rows = slice(start, start + len(scores))
        relation = (categories[rows, None] != categories[None, start:]).sum(axis=2)
        for number in range(len(RELATIONS)):
            _add_both(sums[:, number], np.where(relation == number, scores, 0.0), start)
        _add_both(squares, scores**2, start)
        above += is_of[rows].T @ (scores @ is_of[start:])
    counts = _pairs_of_each(categories)
    num_pairs = counts.sum(axis=0) // 2
    return RelationDistances(
        mean=_ratio(sums.sum(axis=0) / 2, num_pairs),
        num_pairs=num_pairs,
        without=_without_each(sums, counts, squares),
        by_superordinate=_by_superordinate(above, is_of.sum(axis=0)),
        moments=moments,
    )


def sampled_pairs(
    before: Vectors,
    after: LaterVectors,
    categories: Categories,
    moments: tuple[Moments, Moments],
    *,
    most_per_relation: int,
    stream: RandomStream,
) -> SampledPairs:
    """At most so many pairs of each relation, drawn uniformly from all of that relation.

    The change is that between z-scores over all pairs, whose moments are given. Which image is
    left is drawn too.
    """
    left, right = drawn_pairs(categories, most_per_relation, stream)
    old, new = (
        (_distances(vectors, left, right) - own.mean) / own.deviation
        for vectors, own in zip((before, after), moments, strict=True)
    )
    return SampledPairs(
        left=left,
        right=right,
        relation=relations(categories[left], categories[right]),
        change=new - old,
    )


def _blocks(
    vectors: Vectors,
) -> Iterator[tuple[int, Float[np.ndarray, "rows others"], Bool[np.ndarray, "rows others"]]]:
    """Distances of a run of images to themselves and all later ones, and which are of a pair that
    has not been.
    """
    exact = vectors.astype(np.float64)
    exact -= exact.mean(axis=0)  # distances stay, and squares cancel less
    squares = np.einsum("ij,ij->i", exact, exact)
    at_once = max(1, min(_MOST_ROWS_AT_ONCE, _ENTRIES_AT_ONCE // len(exact)))
    for start in range(0, len(exact), at_once):
        rows = exact[start : start + at_once]
        products = rows @ exact[start:].T
        squared = squares[start : start + len(rows), None] + squares[None, start:] - 2 * products
        is_pair = np.arange(squared.shape[1])[None] > np.arange(len(rows))[:, None]
        yield start, np.sqrt(np.maximum(squared, 0.0)), is_pair


def _add_both(
    totals: Float[np.ndarray, "images"], values: Float[np.ndarray, "rows others"], start: int
) -> None:
    """Add what each pair of a block has to both of its images."""
    totals[start : start + len(values)] += values.sum(axis=1)
    totals[start:] += values.sum(axis=0)


def _pairs_of_each(categories: Categories) -> Int[np.ndarray, "images relations"]:
    """How many pairs of each relation an image is in."""
    sizes = [np.bincount(column)[column] for column in categories.T]
    reached = np.stack([np.ones_like(sizes[0]), *sizes, np.full(len(categories), len(categories))])
    return np.diff(reached, axis=0).T


def _without_each(
    sums: Float[np.ndarray, "images relations"],
    counts: Int[np.ndarray, "images relations"],
    squares: Float[np.ndarray, "images"],
) -> Float[np.ndarray, "images relations"]:
    """Means by relation of the pairs that do not show an image, z-scored over those alone."""
    totals, num_pairs = sums.sum(axis=0) / 2, counts.sum(axis=0) // 2
    num_left = num_pairs.sum() - (len(sums) - 1)
    mean = (totals.sum() - sums.sum(axis=1)) / num_left
    variance = (squares.sum() / 2 - squares) / num_left - mean**2
    deviation = np.sqrt(np.where(variance > _LEAST_DEVIATION, variance, np.nan))
    return (_ratio(totals - sums, num_pairs - counts) - mean[:, None]) / deviation[:, None]


def _by_superordinate(
    sums: Float[np.ndarray, "superordinates superordinates"],
    sizes: Float[np.ndarray, "superordinates"],
) -> Float[np.ndarray, "superordinates superordinates"]:
    """Means of both orders of two categories; a category's own pairs stand on the diagonal."""
    return _ratio(sums + sums.T, np.outer(sizes, sizes) - np.diag(sizes))


def _ratio(
    totals: Float[np.ndarray, "*shape"], counts: Float[np.ndarray, "..."] | Int[np.ndarray, "..."]
) -> Float[np.ndarray, "*shape"]:
    return np.divide(totals, counts, out=np.full(totals.shape, np.nan), where=counts > 0)


def _distances(
    vectors: Vectors, left: Int[np.ndarray, "pairs"], right: Int[np.ndarray, "pairs"]
) -> Float[np.ndarray, "pairs"]:
    found = np.empty(len(left))
    for start in range(0, len(left), _MOST_ROWS_AT_ONCE):
        rows = slice(start, start + _MOST_ROWS_AT_ONCE)
        differences = vectors[left[rows]].astype(np.float64) - vectors[right[rows]]
        found[rows] = np.linalg.norm(differences, axis=1)
    return found
