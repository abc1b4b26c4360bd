"""Odd-one-out: paired differences, ceilings, and every row with its n and interval."""

import numpy as np
import pytest
import scipy.special
import scipy.stats

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.evaluation.odd_one_out import (
    ACCURACY,
    MAJORITY_SHARE,
    ONE_AGAINST_OTHERS,
    UNCERTAINTY,
    ceilings,
    figures,
)
from alignet_ray.evaluation.pairs import compared_pairs
from alignet_ray.evaluation.references import EvaluatedModel
from alignet_ray.evaluation.representations import InMemory, Represented
from alignet_ray.functional.agreement import count_choices
from alignet_ray.functional.odd_one_out import pair_similarities
from alignet_ray.functional.triplet_scores import score_triplets

CONFIG = EvaluateConfig(output="unused", models=("m",), num_resamples=60)


@pytest.fixture(scope="module")
def represented(resolved):
    def make(label, variant, vectors):
        model = EvaluatedModel(label=label, variant=variant, backbone=BackboneConfig())
        return Represented(model=model, backbone=resolved(), source=InMemory(vectors))

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
    scores = [score_triplets(own.read(), triplets, (1.0,)) for own in models]
    found, differences = figures(models, scores, counts, "dot", CONFIG)
    own = [row for row in found if row["measure"] == ACCURACY]
    chosen = pair_similarities(vectors, triplets).argmax(axis=1)
    literal = sum(counts[t, pair] for t, pair in enumerate(chosen)) / counts.sum()
    assert own[1]["estimate"] == pytest.approx(literal)
    assert (own[0]["num"], own[0]["unit"]) == (1500, "responses")
    assert {k: own[0][k] for k in ("estimate", "low", "high")} == {
        k: own[2][k] for k in ("estimate", "low", "high")
    }
    changed = [row for row in differences if row["measure"] == ACCURACY]
    assert [(row["from"], row["label"]) for row in changed] == [
        ("before", "s"), ("s after", "plain")
    ]  # fmt: skip
    difference = changed[0]
    assert difference["estimate"] == pytest.approx(own[1]["estimate"] - own[0]["estimate"])
    assert 0 < difference["low"] <= difference["estimate"] <= difference["high"]


def test_uncertainty_is_the_rank_correlation_of_both_entropies(represented, people):
    vectors, triplets, counts = people
    models = [represented("s", "before", vectors)]
    scores = [score_triplets(vectors, triplets, (1.0,))]
    found, _ = figures(models, scores, counts, "dot", CONFIG)
    (own,) = [row for row in found if row["measure"] == UNCERTAINTY]
    probabilities = scipy.special.softmax(pair_similarities(vectors, triplets), axis=1)
    expected = scipy.stats.spearmanr(
        scipy.stats.entropy(probabilities, axis=1),
        np.round(scipy.stats.entropy(counts, axis=1), 12),
    ).statistic
    assert own["estimate"] == pytest.approx(expected, abs=1e-6)
    assert (own["temperature"], own["num"], own["unit"]) == (1.0, len(triplets), "triplets")


def test_a_constant_model_has_no_rank_correlation_and_says_why(represented, people):
    vectors, triplets, counts = people
    constant = [represented("s", "before", np.ones_like(vectors))]
    scores = [score_triplets(np.ones_like(vectors), triplets, (1.0,))]
    found, _ = figures(constant, scores, counts, "dot", CONFIG)
    accuracy, uncertainty = found
    assert accuracy["estimate"] == 0.0  # every choice a tie
    assert uncertainty["estimate"] is None
    assert "model" in uncertainty["undefined"]


def test_variants_of_a_label_and_last_variants_of_labels_are_compared(represented):
    zeros = np.zeros((3, 2))
    names = [
        ("a", "before"), ("a", "after"), ("b", "after"),
        ("c", "untransformed"), ("c", "transformed"), ("d", "as it is"),
    ]  # fmt: skip
    models = [represented(label, variant, zeros) for label, variant in names]
    own, across = [(0, 1), (3, 4)], [(1, 2), (1, 4), (1, 5), (2, 4), (2, 5), (4, 5)]
    assert compared_pairs([model.model for model in models]) == own + across


def test_ceilings_bound_the_hidden_embedding(people):
    _, _, counts = people
    limits = {row["measure"]: row for row in ceilings_of(counts, num_resamples=60)}
    assert limits[ONE_AGAINST_OTHERS]["estimate"] < limits[MAJORITY_SHARE]["estimate"] < 1
    assert all(row["low"] <= row["estimate"] <= row["high"] for row in limits.values())


def test_single_answers_are_no_ceiling():
    single = np.eye(3, dtype=np.int64).repeat(4, axis=0)
    assert all(row["estimate"] is None and row["undefined"] for row in ceilings_of(single))
    both = ceilings_of(np.concatenate([single, [[2, 1, 0]]]))
    assert [row["num"] for row in both] == [1, 1, 1]
    assert both[0]["estimate"] == pytest.approx(2 / 3)


def ceilings_of(counts, num_resamples=5):
    return ceilings(counts, num_resamples=num_resamples, seed=0, data="d")
