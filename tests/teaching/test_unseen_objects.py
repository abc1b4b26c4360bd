"""Figures of unseen objects: a literal count of one fold, and folds pooled by what they hold."""

import numpy as np
import pytest

from alignet_ray.teaching.affine_task import fit_for
from alignet_ray.teaching.human_accuracy import unseen_responses
from alignet_ray.teaching.unseen_objects import UnseenFold, measure_fold, pooled


def literal_share(vectors, judged, mean):
    """Mean human probability of the pair with the largest centred cosine."""
    unit = [(v - mean) / np.linalg.norm(v - mean) for v in vectors.astype(np.float64)]
    total = 0.0
    for triplet, probabilities in zip(judged.triplets, judged.probabilities, strict=True):
        a, b, c = (unit[row] for row in triplet)
        total += probabilities[np.argmax([a @ b, a @ c, b @ c])]
    return total / len(judged.triplets)


def test_one_fold_equals_a_literal_count(small):
    material, human = small.material(), small.human()
    unseen = UnseenFold(1, small.candidate, 30)
    found = measure_fold(unseen, material, human)
    inside = material.folds == 1
    transform = fit_for(~inside, "1", small.candidate, 30, material)
    judged = material.validation(1)
    accuracy = found["expected_accuracy"]["centred_cosine"]
    spaces = {"before": material.vectors, "after": transform.apply(material.vectors)}
    for state, vectors in spaces.items():
        expected = literal_share(vectors, judged, vectors[~inside].mean(axis=0))
        assert accuracy[state] == pytest.approx(expected)
    assert accuracy["before"] < accuracy["after"] < accuracy["oracle"]
    entropy = -(judged.probabilities * np.log(judged.probabilities)).sum(axis=1).mean()
    losses = found["cross_entropy"]
    assert losses["oracle"] == pytest.approx(entropy)
    assert losses["oracle"] < losses["after"] < losses["before"]
    shown = [row for row in human.triplets.tolist() if inside[row].all()]
    assert len(found["responses"]["counts"]) == len(shown) > 0


def test_folds_are_pooled_by_their_triplets_and_responses(small):
    material, human = small.material(), small.human()
    chosen = [UnseenFold(fold, small.candidate, 30) for fold in range(3)]
    folds = [measure_fold(own, material, human) for own in chosen]
    folds[2]["num_triplets"] = 3_000
    metrics = pooled(folds, chosen, human)
    accuracies = [fold["expected_accuracy"]["dot"]["after"] for fold in folds]
    assert metrics["expected_accuracy"]["dot"]["after"] == pytest.approx(
        (accuracies[0] + accuracies[1] + 3 * accuracies[2]) / 5
    )
    assert metrics["num_triplets"] == 5_000
    responses = metrics["human"]
    counts = np.concatenate([fold["responses"]["counts"] for fold in folds])
    assert responses["num_responses"] == counts.sum()
    correct = sum(sum(fold["responses"]["num_correct"]["dot"]["after"]) for fold in folds)
    assert responses["dot"]["after"]["estimate"] == pytest.approx(correct / counts.sum())
    assert responses["dot"]["difference"]["estimate"] > 0
    alone = pooled([measure_fold(own, material, None) for own in chosen], chosen, None)
    assert "human" not in alone
    assert [own["fold"] for own in metrics["choices"]] == [0, 1, 2]


def test_responses_do_not_change_what_is_measured_without_them(small):
    unseen = UnseenFold(0, small.candidate, 5)
    without = measure_fold(unseen, small.material(), None)
    with_them = measure_fold(unseen, small.material(), small.human())
    assert {key: with_them[key] for key in without} == without


def test_unseen_responses_count_the_share_that_is_met(small):
    material, human = small.material(), small.human()
    found = unseen_responses(material.vectors, material.vectors, human)
    assert found["num_responses"] == human.counts.sum() == 600
    for similarity in ("dot", "centred_cosine"):
        assert found[similarity]["difference"]["estimate"] == 0
        assert found[similarity]["before"] == found[similarity]["after"]
