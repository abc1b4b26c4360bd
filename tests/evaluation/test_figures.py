"""Figures: paired differences, ceilings, and every row with its n and interval."""

import numpy as np
import pytest

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.evaluation.figures import accuracies, ceilings, compared_pairs
from alignet_ray.evaluation.references import EvaluatedModel
from alignet_ray.evaluation.representations import Represented
from alignet_ray.functional.agreement import count_choices
from alignet_ray.functional.odd_one_out import pair_similarities

RESAMPLING = {"num_resamples": 60, "seed": 0}


@pytest.fixture(scope="module")
def represented(resolved):
    def make(label, variant, vectors):
        model = EvaluatedModel(label=label, variant=variant, backbone=BackboneConfig())
        return Represented(model=model, backbone=resolved(), vectors=vectors)

    return make


@pytest.fixture(scope="module")
def people():
    """Unique triplets of 25 objects and counts of choices that follow a hidden embedding."""
    random = np.random.default_rng(0)
    vectors = random.normal(size=(25, 4))
    triplets = np.repeat([random.permutation(25)[:3] for _ in range(150)], 10, axis=0)
    noisy = pair_similarities(vectors, triplets) + random.normal(size=(1500, 3))
    return vectors, *count_choices(triplets, 2 - noisy.argmax(axis=1))


def test_accuracy_is_the_share_of_responses_and_differences_are_paired(represented, people):
    vectors, triplets, counts = people
    worse = vectors + np.random.default_rng(1).normal(size=vectors.shape)
    models = [
        represented("s", "before", worse),
        represented("s", "after", vectors),
        represented("plain", "as it is", worse),
    ]
    own, differences = accuracies(models, triplets, counts, "dot", **RESAMPLING)
    chosen = pair_similarities(vectors, triplets).argmax(axis=1)
    literal = sum(counts[t, pair] for t, pair in enumerate(chosen)) / counts.sum()
    assert own[1]["estimate"] == pytest.approx(literal)
    assert own[0]["num_responses"] == 1500
    assert own[0]["num_triplets"] == len(triplets)
    assert {k: own[0][k] for k in ("estimate", "low", "high")} == {
        k: own[2][k] for k in ("estimate", "low", "high")
    }
    (difference,) = differences
    assert (difference["label"], difference["from"], difference["to"]) == ("s", "before", "after")
    assert difference["estimate"] == pytest.approx(own[1]["estimate"] - own[0]["estimate"])
    assert 0 < difference["low"] <= difference["estimate"] <= difference["high"]


def test_only_neighbouring_variants_of_one_label_are_compared(represented):
    zeros = np.zeros((3, 2))
    names = [
        ("a", "before"), ("a", "after"), ("b", "after"),
        ("c", "untransformed"), ("c", "transformed"), ("d", "as it is"),
    ]  # fmt: skip
    models = [represented(label, variant, zeros) for label, variant in names]
    assert compared_pairs(models) == [(0, 1), (3, 4)]


def test_ceilings_bound_the_hidden_embedding(people):
    _, _, counts = people
    limits = ceilings(counts, **RESAMPLING)
    assert limits["leave_one_out_majority"]["estimate"] < limits["majority_share"]["estimate"] < 1
    assert all(row["low"] <= row["estimate"] <= row["high"] for row in limits.values())
