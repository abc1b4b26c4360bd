"""Ceilings: literal means over what two people or more judged; nothing where nobody did."""

import numpy as np
import pytest

from alignet_ray.functional.agreement import (
    choice_entropy,
    leave_one_out_majority,
    majority_share,
)
from alignet_ray.functional.ceilings import people_ceilings

HOW = {"num_resamples": 20, "seed": 0}


def test_ceilings_are_means_over_repeated_triplets():
    repeated = np.random.default_rng(0).multinomial(5, [0.5, 0.3, 0.2], size=40)
    alone = np.eye(3, dtype=np.int64)
    found = people_ceilings(np.concatenate([alone, repeated]), **HOW)
    assert found == people_ceilings(repeated, **HOW)
    assert found.num_repeated == 40
    for interval, literal in (
        (found.noise_ceiling, leave_one_out_majority), (found.majority_share, majority_share),
        (found.entropy, choice_entropy),
    ):  # fmt: skip
        assert interval.estimate == pytest.approx(literal(repeated).mean())
        assert interval.low <= interval.estimate <= interval.high


def test_single_answers_are_no_ceiling():
    found = people_ceilings(np.eye(3, dtype=np.int64), **HOW)
    assert found.num_repeated == 0
    assert np.isnan(found[1:]).all()
