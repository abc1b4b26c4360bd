"""How far people agree with each other, which bounds what a model can reach.

One rule for every kind of triplet: only those that two people or more judged say anything, as one
answer agrees with itself; where there is none, nothing is defined.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from alignet_ray.functional.agreement import (
    choice_entropy,
    is_repeated,
    leave_one_out_majority,
    majority_share,
)
from alignet_ray.functional.bootstrap import Interval, mean_intervals

_NOTHING = Interval(math.nan, math.nan, math.nan)


class Ceilings(NamedTuple):
    """Means over `num_repeated` unique triplets; NaN where there are none.

    `noise_ceiling` is one person against the majority of the others, `entropy` that of people's
    choices in nats, as it is (`choice_entropy`).
    """

    num_repeated: int
    noise_ceiling: Interval
    majority_share: Interval
    entropy: Interval


def people_ceilings(
    counts: Int[np.ndarray, "triplets 3"], *, num_resamples: int, seed: int
) -> Ceilings:
    """Of people's choices, counted by triplet and pair; intervals resample unique triplets."""
    repeated = counts[is_repeated(counts)]
    if not len(repeated):
        return Ceilings(0, _NOTHING, _NOTHING, _NOTHING)
    measures = [own(repeated) for own in (leave_one_out_majority, majority_share, choice_entropy)]
    intervals = mean_intervals(
        np.column_stack(measures), np.ones(len(repeated)), num_resamples=num_resamples, seed=seed
    )
    return Ceilings(len(repeated), *intervals)
