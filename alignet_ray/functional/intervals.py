"""Wald and exact intervals of accuracies, of differences, and the sign test over data sets."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import binomtest

from alignet_ray.functional.bootstrap import LEVEL, Interval

NORMAL_QUANTILE = 1.959963984540054
"""Of 97.5 %: Wald intervals reach this many standard errors to both sides, for 95 %."""


class SignTest(NamedTuple):
    """How many cases are better, worse and equal afterwards; two-sided p over those that differ."""

    num_better: int
    num_worse: int
    num_equal: int
    p_value: float


def wald_interval(num_correct: int, num_items: int) -> Interval:
    """Of a share p of n items: p -+ z sqrt(p (1 - p) / n). NaN where there is no item."""
    if not num_items:
        return Interval(math.nan, math.nan, math.nan)
    share = num_correct / num_items
    half = NORMAL_QUANTILE * math.sqrt(share * (1 - share) / num_items)
    return Interval(share, share - half, share + half)


def exact_interval(num_correct: int, num_items: int) -> Interval:
    """Of a share (Clopper and Pearson 1934): never too narrow, also of 22 in 22. NaN of no item."""
    if not num_items:
        return Interval(math.nan, math.nan, math.nan)
    ends = binomtest(num_correct, num_items).proportion_ci(LEVEL, method="exact")
    return Interval(num_correct / num_items, float(ends.low), float(ends.high))


def mean_interval(values: Float[np.ndarray, "values"]) -> Interval:
    """Of the mean of independent values, such as one accuracy per seed: mean -+ z s / sqrt(n).

    s is the sample's standard deviation; the ends are NaN where there is only one value.
    """
    num = len(values)
    mean = float(values.mean()) if num else math.nan
    half = math.nan
    if num > 1:
        half = NORMAL_QUANTILE * float(values.std(ddof=1)) / math.sqrt(num)
    return Interval(mean, mean - half, mean + half)


def difference_interval(
    before: Float[np.ndarray, "values"], after: Float[np.ndarray, "values"]
) -> Interval:
    """Of the mean of paired differences: the same seeds, or the same images, after less before."""
    return mean_interval(after.astype(np.float64) - before)


def sign_test(before: Float[np.ndarray, "cases"], after: Float[np.ndarray, "cases"]) -> SignTest:
    """Whether more cases than by chance are better afterwards; p is 1 where none differs."""
    num_better, num_worse = int((after > before).sum()), int((after < before).sum())
    num_different = num_better + num_worse
    p_value = float(binomtest(num_better, num_different).pvalue) if num_different else 1.0
    return SignTest(num_better, num_worse, len(before) - num_different, p_value)
