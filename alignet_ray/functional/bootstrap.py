"""Percentile intervals by resampling unique triplets, the unit that is independent.

A triplet weighs as many responses as it has. Every quantity of one call sees the same resamples,
so differences between models are paired.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.functional.random_streams import RandomStream

LEVEL = 0.95


class Interval(NamedTuple):
    """An estimate and the ends of its percentile interval."""

    estimate: float
    low: float
    high: float


def weighted_means(
    totals: Float[np.ndarray, "items quantities"], weights: Float[np.ndarray, "items"]
) -> Float[np.ndarray, "quantities"]:
    """Sum of each quantity's totals over the sum of weights."""
    return totals.sum(axis=0) / weights.sum()


def resampled_items(
    num_items: int, *, num_resamples: int, seed: int
) -> Iterator[Int[np.ndarray, "{num_items}"]]:
    """Items drawn with replacement, as many as there are, for one resample after the other.

    Resample r has its own random stream: more resamples later leave the first ones as they are.
    """
    bounds = np.full(num_items, num_items)
    for resample in range(num_resamples):
        yield RandomStream(seed, "bootstrap", resample).integers(bounds)


def resampled_means(
    totals: Float[np.ndarray, "items quantities"],
    weights: Float[np.ndarray, "items"],
    *,
    num_resamples: int,
    seed: int,
) -> Float[np.ndarray, "{num_resamples} quantities"]:
    """`weighted_means` of `resampled_items`. Weights are positive."""
    num_items = len(weights)
    columns = np.column_stack([totals, weights])
    sums = np.empty((num_resamples, columns.shape[1]))
    draws = resampled_items(num_items, num_resamples=num_resamples, seed=seed)
    for resample, drawn in enumerate(draws):
        sums[resample] = np.bincount(drawn, minlength=num_items) @ columns
    return sums[:, :-1] / sums[:, -1:]


def percentile_interval(
    estimate: float, samples: Float[np.ndarray, "resamples"], level: float = LEVEL
) -> Interval:
    """The middle `level` of the resampled values around an estimate."""
    tail = 50 * (1 - level)
    low, high = np.percentile(samples, [tail, 100 - tail])
    return Interval(float(estimate), float(low), float(high))


def mean_intervals(
    totals: Float[np.ndarray, "items quantities"],
    weights: Float[np.ndarray, "items"],
    *,
    num_resamples: int,
    seed: int,
    level: float = LEVEL,
) -> list[Interval]:
    """One interval per quantity."""
    means = weighted_means(totals, weights)
    samples = resampled_means(totals, weights, num_resamples=num_resamples, seed=seed)
    return [
        percentile_interval(mean, column, level)
        for mean, column in zip(means, samples.T, strict=True)
    ]
