"""Accuracy on responses: how far people agree is said only where enough were asked twice."""

import numpy as np

from alignet_ray.functional.agreement import LEAST_REPEATED
from alignet_ray.teaching.human_accuracy import HumanCounts, unseen_responses


def _report(num_repeated):
    random = np.random.default_rng(0)
    vectors = random.normal(size=(60, 4)).astype(np.float32)
    triplets = np.array([[i, i + 1, i + 2] for i in range(58)])
    counts = np.eye(3, dtype=np.int64)[random.integers(3, size=58)]
    counts[:num_repeated, 0] += 2
    human = HumanCounts(triplets=triplets, counts=counts, num_resamples=5, seed=0)
    return unseen_responses(vectors, vectors, human)


def test_ceilings_need_repeated_triplets():
    enough, few = _report(LEAST_REPEATED), _report(LEAST_REPEATED - 1)
    assert enough["num_repeated_triplets"] == 30
    assert 0 < enough["leave_one_out_majority"] <= enough["majority_share"] <= 1
    assert few["num_repeated_triplets"] == 29
    assert "majority_share" not in few
    assert "leave_one_out_majority" not in few
    assert few["dot"]["difference"]["estimate"] == 0
