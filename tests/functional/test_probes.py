"""Probes: against a literal objective's optimum, invariances, shots that only labels decide."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from alignet_ray.functional import probes
from alignet_ray.functional.probes import (
    STRENGTHS,
    fit_probe,
    held_out_rows,
    linear_probe,
    shot_rows,
)


def world(seed=0, num_classes=4, per_class=12, dim=5, apart=2.0):
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(num_classes) * 3, per_class)
    centres = random.normal(size=(num_classes, dim)) * apart
    vectors = centres[labels // 3] + random.normal(size=(len(labels), dim))
    order = random.permutation(len(labels))
    return vectors[order].astype(np.float32), labels[order]


def test_the_probe_is_the_optimum_of_the_literal_objective():
    vectors, labels = world()
    probe = fit_probe(vectors, labels, 0.3)
    assert probe.has_converged
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    inputs = centred / np.sqrt((centred**2).mean())
    targets = np.searchsorted(probe.classes, labels)

    def objective(parameters):
        weights = parameters.reshape(4, 6)
        scores = inputs @ weights[:, :5].T + weights[:, 5]
        losses = logsumexp(scores, axis=1) - scores[np.arange(len(targets)), targets]
        return 0.3 * losses.sum() + (weights[:, :5] ** 2).sum() / 2

    best = minimize(objective, np.zeros(24), method="BFGS").x.reshape(4, 6)
    expected = softmax(inputs @ best[:, :5].T + best[:, 5], axis=1)
    assert softmax(probe.scores(vectors), axis=1) == pytest.approx(expected, abs=5e-3)


def test_shift_scale_and_rotation_of_the_vectors_change_nothing():
    vectors, labels = world(apart=0.5)
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    moved = (vectors @ rotation * 9 + 4).astype(np.float32)
    first, second = fit_probe(vectors, labels), fit_probe(moved, labels)
    assert second.scores(moved) == pytest.approx(first.scores(vectors), abs=0.02)


def test_predictions_can_be_kept_to_a_subset_of_the_classes():
    vectors, labels = world()
    probe = fit_probe(vectors, labels)
    assert np.mean(probe.predictions(vectors) == labels) > 0.9
    within = probe.predictions(vectors, allowed=[0, 6, 100])
    assert set(within.tolist()) == {0, 6}
    known = np.isin(labels, [0, 6])
    assert np.mean(within[known] == labels[known]) > 0.9
    with pytest.raises(ValueError, match="no class of the subset"):
        probe.predictions(vectors, allowed=[100])


def test_shots_are_so_many_of_each_label_and_depend_on_labels_and_seed_alone():
    _, labels = world()
    rows = shot_rows(labels, 3, seed=5)
    assert len(set(rows.tolist())) == 12
    assert labels[rows].tolist() == sorted([0, 3, 6, 9] * 3)
    assert rows.tolist() == shot_rows(labels, 3, seed=5).tolist()
    assert rows.tolist() != shot_rows(labels, 3, seed=6).tolist()
    assert rows.tolist() != shot_rows(labels, 3, seed=5, draw=1).tolist()
    counts = np.bincount(np.concatenate([shot_rows(labels, 1, seed) for seed in range(120)]))
    assert counts.min() > 1, "every image is a shot at some time"
    with pytest.raises(ValueError, match="12 images of class 0; expected at least 13"):
        shot_rows(labels, 13, seed=0)


def accuracy(train, labels, test, expected, num_shots, draw):
    rows = shot_rows(labels, num_shots, 0, draw)
    return np.mean(fit_probe(train[rows], labels[rows]).predictions(test) == expected)


def test_more_shots_are_better_and_chance_is_chance():
    train, labels = world()
    one, ten = (
        np.mean([accuracy(train, labels, train, labels, k, draw) for draw in range(6)])
        for k in (1, 10)
    )
    assert 0.4 < one < ten
    nothing, also = np.random.default_rng(3).normal(size=(2, len(labels), 5))
    guessed = [accuracy(nothing, labels, also, labels, 1, draw) for draw in range(20)]
    assert np.mean(guessed) == pytest.approx(0.25, abs=0.1)


def test_constant_vectors_are_one_guess():
    _, labels = world()
    constant = np.full((len(labels), 5), 0.1, dtype=np.float32)
    assert accuracy(constant, labels, constant, labels, 1, 0) == 0.25
    assert len(set(linear_probe(constant, labels, seed=0).predictions(constant))) == 1


def test_rows_are_predicted_alike_in_one_piece_and_in_many(monkeypatch):
    vectors, labels = world()
    probe = fit_probe(vectors, labels)
    whole = probe.predictions(vectors)
    monkeypatch.setattr(probes, "_ROWS_AT_ONCE", 7)
    assert probe.predictions(vectors).tolist() == whole.tolist()


def test_a_fifth_of_each_class_is_held_out_but_never_all_of_it():
    labels = np.array([0] * 10 + [1] * 3 + [2])
    held_out = held_out_rows(labels, seed=0)
    assert np.bincount(labels[held_out], minlength=3).tolist() == [2, 1, 0]
    tenth = held_out_rows(labels, seed=0, one_of=10)
    assert np.bincount(labels[tenth], minlength=3).tolist() == [1, 1, 0]
    drawn = {tuple(np.flatnonzero(held_out_rows(labels, seed))) for seed in range(9)}
    assert len(drawn) > 5


def test_the_strength_is_chosen_from_the_grid_by_the_held_out_images():
    vectors, labels = world(apart=0.7, per_class=20)
    probe = linear_probe(vectors, labels, seed=0)
    held_out = held_out_rows(labels, seed=0)
    by_strength = {
        strength: np.mean(
            fit_probe(vectors[~held_out], labels[~held_out], strength).predictions(
                vectors[held_out]
            )
            == labels[held_out]
        )
        for strength in STRENGTHS
    }
    best = max(by_strength.values())
    assert probe.strength == min(own for own, value in by_strength.items() if value == best)
    assert linear_probe(vectors, labels, seed=0, strengths=[2.5]).strength == 2.5


def test_what_cannot_be_probed_is_refused():
    vectors, labels = world()
    with pytest.raises(ValueError, match="1 classes to tell apart"):
        fit_probe(vectors, np.full(len(labels), 3))
    vectors[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN or infinity"):
        fit_probe(vectors, labels)
