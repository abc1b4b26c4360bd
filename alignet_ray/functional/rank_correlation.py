"""Spearman's rank correlation with percentile intervals: ties by mid-ranks, nothing undefined.

Where one side is constant the correlation has no value: the estimate is NaN and `undefined` says
why. A resample is a weight per item, so values are sorted once and not again in each resample.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from alignet_ray.functional.bootstrap import Interval, percentile_interval

LEAST_ITEMS = 3

Values = Float[np.ndarray, "items"]
Weights = Float[np.ndarray, "items"]


class Correlation(NamedTuple):
    """A correlation over `num_items`, NaN where it is undefined for the reason given."""

    interval: Interval
    num_items: int
    undefined: str | None = None


class Ranked(NamedTuple):
    """Values as places in the order of their different values: all that ranks depend on."""

    place: Int[np.ndarray, "items"]

    @classmethod
    def of(cls, values: Values) -> "Ranked":
        """Equal values have equal places."""
        return cls(np.unique(values, return_inverse=True)[1])

    def mid_ranks(self, weights: Weights) -> Values:
        """Ranks from 1 where each item stands there `weight` times; equal values share the mean."""
        sizes = np.bincount(self.place, weights)
        return (np.cumsum(sizes) - (sizes - 1) / 2)[self.place]


def spearman(first: Values, second: Values) -> float:
    """Spearman's correlation over the items where both are numbers; NaN where it is undefined."""
    both = np.isfinite(first) & np.isfinite(second)
    left, right = Ranked.of(first[both]), Ranked.of(second[both])
    return weighted_spearman(left, right, np.ones(int(both.sum())))


def within_one(correlation: float) -> float:
    """A correlation without what rounding may add beyond -1 and 1."""
    return max(-1.0, min(1.0, correlation))


def weighted_spearman(first: Ranked, second: Ranked, weights: Weights) -> float:
    """Spearman's correlation where each item stands `weight` times; NaN where one is constant."""
    if not weights.any():
        return math.nan
    left, right = (_deviations(ranked.mid_ranks(weights), weights) for ranked in (first, second))
    products = [float((weights * a * b).sum()) for a, b in ((left, left), (right, right))]
    scale = math.sqrt(products[0] * products[1])
    return within_one(float((weights * left * right).sum()) / scale) if scale > 0 else math.nan


def correlations(
    models: Float[np.ndarray, "models items"],
    human: Values,
    resamples: Iterator[Weights],
    *,
    pairs: Sequence[tuple[int, int]] = (),
    names: tuple[str, str] = ("model", "human"),
) -> tuple[list[Correlation], list[Correlation]]:
    """Each model's correlation with people, and the second's less the first's of each pair.

    Items where one of them is no number are left out for all, so that models can be compared; all
    see the same resamples, given as weights of all items. A resample in which a value is undefined
    is left out of that interval.
    """
    used = np.isfinite(human) & np.logical_and.reduce(np.isfinite(models), axis=0)
    own = [Ranked.of(row[used]) for row in models]
    people = Ranked.of(human[used])
    num_items = int(used.sum())
    reasons = [_reason(ranked, people, num_items, names) for ranked in own]
    whole = np.ones(num_items)
    estimates = np.array([weighted_spearman(ranked, people, whole) for ranked in own])
    sampled = np.array(
        [
            [weighted_spearman(ranked, people, weights) for ranked in own]
            for weights in _restricted(resamples, used)
        ]
    ).reshape(-1, len(own))
    single = [
        _correlation(estimate, column, num_items, reason)
        for estimate, column, reason in zip(estimates, sampled.T, reasons, strict=True)
    ]
    paired = [
        _correlation(
            estimates[after] - estimates[before],
            sampled[:, after] - sampled[:, before],
            num_items,
            reasons[before] or reasons[after],
        )
        for before, after in pairs
    ]
    return single, paired


def _restricted(resamples: Iterator[Weights], used: Bool[np.ndarray, "items"]) -> Iterator[Weights]:
    return (weights[used] for weights in resamples)


def _deviations(ranks: Values, weights: Weights) -> Values:
    return ranks - (weights * ranks).sum() / weights.sum()


def _reason(own: Ranked, people: Ranked, num_items: int, names: tuple[str, str]) -> str | None:
    if num_items < LEAST_ITEMS:
        return f"{num_items} items have both values, at least {LEAST_ITEMS} are needed"
    for name, ranked in zip(names, (own, people), strict=True):
        if not ranked.place.any():
            return f"all values of the {name} are equal"
    return None


def _correlation(
    estimate: float, samples: Float[np.ndarray, "resamples"], num_items: int, reason: str | None
) -> Correlation:
    defined = samples[np.isfinite(samples)]
    if reason or not len(defined):
        nothing = Interval(math.nan, math.nan, math.nan)
        return Correlation(nothing, num_items, reason or "no resample has different values")
    return Correlation(percentile_interval(float(estimate), defined), num_items)
