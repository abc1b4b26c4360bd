"""Two models on the same items: paired differences, and where they disagree most.

Triplets: by the Jensen-Shannon divergence of the two models' pair probabilities. Pairs of images:
by the difference of their similarities, each model's z-scored over all its pairs, in both
directions; all pairs are gone through by blocks, and only the best so far are kept.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.functional.bootstrap import Interval, mean_intervals
from alignet_ray.functional.finite import refuse_not_finite

_ROWS_AT_ONCE = 256
_LEAST_DEVIATION = 1e-12

Probabilities = Float[np.ndarray, "triplets 3"]
Space = Float[np.ndarray, "images dim"]
OtherSpace = Float[np.ndarray, "images other_dim"]


class Disagreements(NamedTuple):
    """Items by how much two models disagree on them, most first, ties by item."""

    items: Int[np.ndarray, "count"]
    values: Float[np.ndarray, "count"]


class PairDisagreements(NamedTuple):
    """Pairs of images, most first: second model's z-scored similarity less the first's."""

    pairs: Int[np.ndarray, "count 2"]
    differences: Float[np.ndarray, "count"]


def paired_differences(
    values: Float[np.ndarray, "models items"],
    weights: Float[np.ndarray, "items"],
    pairs: Sequence[tuple[int, int]],
    *,
    num_resamples: int,
    seed: int,
) -> list[Interval]:
    """Mean of the second's values less the first's, for each pair of models, over the same items.

    A value is per item, such as the responses of a triplet that agree; the mean is their sum over
    the sum of weights. All models and pairs see the same resamples of items.
    """
    columns = [values[after] - values[before] for before, after in pairs]
    if not columns:
        return []
    return mean_intervals(
        np.column_stack(columns).astype(np.float64), weights, num_resamples=num_resamples, seed=seed
    )


def jensen_shannon(first: Probabilities, second: Probabilities) -> Float[np.ndarray, "triplets"]:
    """Mean divergence of both from their mean, in nats: 0 where equal, log 2 where disjoint."""
    middle = (first + second) / 2
    both = [_divergence(own, middle) for own in (first, second)]
    return (both[0] + both[1]) / 2


def triplet_disagreements(first: Probabilities, second: Probabilities, count: int) -> Disagreements:
    """The triplets on which two models' probabilities differ most."""
    values = jensen_shannon(first, second)
    items = np.argsort(-values, kind="stable")[:count]
    return Disagreements(items, values[items])


def pair_disagreements(
    first: Space, second: OtherSpace, count: int
) -> tuple[PairDisagreements, PairDisagreements]:
    """Pairs that the second model finds more alike than the first, and those it finds less so.

    Spaces are those whose dot products are the similarities. Raises ValueError where all
    similarities of a model are equal or not finite.
    """
    moments = _moments(first), _moments(second)
    more = less = (np.empty((0, 2), dtype=np.int64), np.empty(0))
    for pairs, old, new in _blocks(first, second):
        differences = _z_scores(new, moments[1]) - _z_scores(old, moments[0])
        more = _largest(more, pairs, differences, count)
        less = _largest(less, pairs, -differences, count)
    return PairDisagreements(*more), PairDisagreements(less[0], -less[1])


def _divergence(first: Probabilities, second: Probabilities) -> Float[np.ndarray, "triplets"]:
    ratio = np.divide(first, second, out=np.ones_like(first), where=first > 0)
    return (first * np.log(ratio)).sum(axis=1)


def _blocks(
    first: Space, second: OtherSpace
) -> Iterator[
    tuple[Int[np.ndarray, "pairs 2"], Float[np.ndarray, "pairs"], Float[np.ndarray, "pairs"]]
]:
    """Pairs of some images with all later ones, with both models' similarities."""
    for start in range(0, len(first), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        old, new = (space[rows] @ space[start:].T for space in (first, second))
        left, right = np.triu_indices(len(old), 1, old.shape[1])
        pairs = np.stack([left, right], axis=1) + start
        yield pairs, old[left, right], new[left, right]


def _moments(space: Space) -> tuple[float, float]:
    refuse_not_finite(space)
    num, total, squares, largest = 0, 0.0, 0.0, 0.0
    for _, values, _ in _blocks(space, space):
        num += len(values)
        total += float(values.sum())
        largest = max(largest, float(np.abs(values).max(initial=0)))
    mean = total / num if num else 0.0
    for _, values, _ in _blocks(space, space):
        squares += float(((values - mean) ** 2).sum())
    deviation = float(np.sqrt(squares / num)) if num else 0.0
    if not deviation > _LEAST_DEVIATION * largest:
        raise ValueError("all similarities of a model are equal; expected different ones")
    return mean, deviation


def _z_scores(
    values: Float[np.ndarray, "pairs"], moments: tuple[float, float]
) -> Float[np.ndarray, "pairs"]:
    return (values - moments[0]) / moments[1]


def _largest(
    best: tuple[Int[np.ndarray, "some 2"], Float[np.ndarray, "some"]],
    pairs: Int[np.ndarray, "others 2"],
    values: Float[np.ndarray, "others"],
    count: int,
) -> tuple[Int[np.ndarray, "kept 2"], Float[np.ndarray, "kept"]]:
    """The largest of those so far and the new ones, ties to what came before."""
    if len(best[1]) == count and len(values):
        candidates = values > best[1][-1]
        pairs, values = pairs[candidates], values[candidates]
    joined_pairs, joined = np.concatenate([best[0], pairs]), np.concatenate([best[1], values])
    order = np.argsort(-joined, kind="stable")[:count]
    return joined_pairs[order], joined[order]
