"""What learning curves say, without data or models: which rate to try next, how many forward
passes a level took, and intervals over seeds.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from itertools import pairwise

from alignet_ray.functional.bootstrap import Interval

# 97.5 % points of Student's t, by degrees of freedom from 1.
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)

LATE_SHARE = 0.75


def next_rate(found: Mapping[float, float], ladder: Sequence[float], start: float) -> float | None:
    """The learning rate of the ladder to measure next, or None once the best is known.

    `found` has the value (less is better) of each rate that was measured. `start` comes first,
    then both neighbours of the best until they are all measured: three rates at least, and the
    best stands at an edge only where the ladder ends.
    """
    if not found:
        return start
    place = ladder.index(best_rate(found))
    around = ladder[max(0, place - 1) : place + 2]
    return next((rate for rate in around if rate not in found), None)


def best_rate(found: Mapping[float, float]) -> float:
    """The rate with the least value; a value that is no number is the worst."""
    return min(found, key=lambda rate: math.inf if math.isnan(found[rate]) else found[rate])


def late_mean(steps: Sequence[float], values: Sequence[float]) -> float:
    """Mean of the points in the last quarter: one point of a constant rate is mostly noise."""
    late = [
        value for step, value in zip(steps, values, strict=True) if step >= LATE_SHARE * steps[-1]
    ]
    return statistics.fmean(late)


def mean_along(steps: Sequence[float], values: Sequence[float]) -> float:
    """Mean of a curve over the steps: least where much is learned early and kept."""
    widths = [later - step for step, later in pairwise(steps)]
    middles = [(left + right) / 2 for left, right in pairwise(values)]
    areas = [width * middle for width, middle in zip(widths, middles, strict=True)]
    return math.fsum(areas) / (steps[-1] - steps[0])


def falling_fit(values: Sequence[float]) -> list[float]:
    """The nearest curve, by least squares, that never rises (pool adjacent violators)."""
    blocks: list[tuple[float, int]] = []
    for value in values:
        mean, size = value, 1
        while blocks and blocks[-1][0] < mean:
            before, count = blocks.pop()
            mean, size = (before * count + mean * size) / (count + size), count + size
        blocks.append((mean, size))
    return [mean for mean, size in blocks for _ in range(size)]


def passes_to_reach(passes: Sequence[float], values: Sequence[float], level: float) -> float:
    """Forward passes after which the falling fit of a curve is at the level, between points
    linearly; infinite where it never comes there.
    """
    fitted = falling_fit(values)
    if fitted[0] <= level:
        return passes[0]
    for place in range(1, len(fitted)):
        above, below = fitted[place - 1], fitted[place]
        if below <= level:
            share = (above - level) / (above - below)
            return passes[place - 1] + share * (passes[place] - passes[place - 1])
    return math.inf


def interval_over_seeds(values: Sequence[float]) -> Interval:
    """Mean and 95 % interval by Student's t; without ends (NaN) where there is one value.

    A value that is infinite, a level never reached, makes the mean and the upper end infinite.
    """
    mean = statistics.fmean(values)
    if len(values) < 2 or not math.isfinite(mean):
        return Interval(mean, math.nan, mean if math.isinf(mean) else math.nan)
    half = _T[len(values) - 2] * statistics.stdev(values) / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half)


def ratio_over_seeds(ratios: Sequence[float]) -> Interval:
    """Geometric mean of positive ratios and its interval: that of their logarithms."""
    of_logs = interval_over_seeds([math.log(ratio) for ratio in ratios])
    return Interval(*map(math.exp, of_logs))
