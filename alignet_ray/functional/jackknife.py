"""Intervals by the jackknife: how much an estimate moves when each item is left out in turn.

For means over pairs of images it is what the bootstrap over images is used for, without its
repetitions: pairs that share an image are not independent, and images are what was drawn
(Arvesen, Jackknifing U-statistics, 1969).
"""

import math

import numpy as np
from jaxtyping import Float

from alignet_ray.functional.bootstrap import Interval
from alignet_ray.functional.intervals import NORMAL_QUANTILE


def jackknife_error(without: Float[np.ndarray, "items"]) -> float:
    """Standard error from the estimates without each item; NaN where one of them is not defined.

    sqrt((n - 1) / n * sum of squared deviations from their mean)
    """
    num = len(without)
    if num < 2 or not np.isfinite(without).all():
        return math.nan
    return math.sqrt((num - 1) / num * float(((without - without.mean()) ** 2).sum()))


def jackknife_interval(estimate: float, without: Float[np.ndarray, "items"]) -> Interval:
    """The estimate and 1.96 standard errors to both sides, for 95 %."""
    half = NORMAL_QUANTILE * jackknife_error(without)
    return Interval(estimate, estimate - half, estimate + half)
