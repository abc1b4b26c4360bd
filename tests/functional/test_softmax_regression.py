"""The optimum: its gradient vanishes, whatever the strength, the shape and the pieces."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from alignet_ray.functional import softmax_regression
from alignet_ray.functional.softmax_regression import fit, principal


def world(num, dim, num_classes, apart=1.0, seed=0):
    random = np.random.default_rng(seed)
    targets = np.arange(num) % num_classes
    spread = np.linspace(0.1, 3, dim)
    centres = apart * random.normal(size=(num_classes, dim))
    vectors = ((centres[targets] + random.normal(size=(num, dim))) * spread).astype(np.float32)
    return vectors - vectors.mean(axis=0), targets


def gradient(vectors, targets, weights, bias, strength):
    """Of the literal objective, in float64."""
    errors = softmax(vectors.astype(np.float64) @ weights.T + bias, axis=1)
    errors[np.arange(len(targets)), targets] -= 1
    return strength * errors.T @ vectors + weights, strength * errors.sum(axis=0)


@pytest.mark.parametrize("strength", [1e-4, 1.0, 100.0])
@pytest.mark.parametrize("shape", [(60, 8), (12, 30)])
def test_the_gradient_vanishes_at_what_is_found(monkeypatch, shape, strength):
    monkeypatch.setattr(softmax_regression, "_TOLERANCE", 1e-7)
    vectors, targets = world(*shape, num_classes=4)
    found = fit(turned := principal(vectors), targets, 4, strength)
    weights = found.weights @ turned.basis.T
    by_weights, by_bias = gradient(vectors, targets, weights, found.bias, strength)
    at_zero, _ = gradient(vectors, targets, 0 * weights, 0 * found.bias, strength)
    assert found.has_converged
    assert abs(by_weights).max() < 0.01 * abs(at_zero).max()
    assert abs(by_bias).max() < 0.01 * strength * shape[0]


def test_a_search_that_ends_early_for_another_reason_has_not_converged(monkeypatch):
    vectors, targets = world(60, 8, num_classes=4)
    turned = principal(vectors)
    assert fit(turned, targets, 4, 1.0).has_converged
    monkeypatch.setattr(softmax_regression, "_MOST_STEPS", 3)
    assert not fit(turned, targets, 4, 1.0).has_converged
    monkeypatch.undo()
    exact = softmax_regression._Objective.__call__

    def uphill(self, parameters):  # a wrong gradient: the line search finds no step
        value, gradient = exact(self, parameters)
        return value, -gradient

    monkeypatch.setattr(softmax_regression._Objective, "__call__", uphill)
    assert not fit(turned, targets, 4, 1.0).has_converged


def test_it_is_what_scikit_learn_comes_to():
    vectors, targets = world(90, 6, num_classes=3)
    found = fit(turned := principal(vectors), targets, 3, 0.5)
    known = LogisticRegression(C=0.5, tol=1e-8, max_iter=5000).fit(vectors, targets)
    scores = vectors @ (found.weights @ turned.basis.T).T + found.bias
    expected = known.predict_proba(vectors)
    assert softmax(scores, axis=1) == pytest.approx(expected, abs=0.01)


def test_principal_coordinates_are_uncorrelated_and_keep_every_distance():
    for shape in ((50, 7), (5, 20)):
        vectors, _ = world(*shape, num_classes=2)
        turned = principal(vectors)
        gram = turned.coordinates.T @ turned.coordinates
        assert gram == pytest.approx(np.diag(turned.squares), abs=1e-3 * turned.squares.max())
        products = turned.coordinates @ turned.coordinates.T
        assert products == pytest.approx(vectors @ vectors.T, abs=1e-2)
        assert vectors @ turned.basis == pytest.approx(turned.coordinates, abs=1e-3)
    assert len(principal(world(5, 20, 2)[0]).squares) == 4  # centred: one direction is lost


def test_a_start_nearby_and_pieces_of_rows_end_at_the_same_place(monkeypatch):
    vectors, targets = world(60, 8, num_classes=4)
    turned = principal(vectors)
    cold = fit(turned, targets, 4, 1.0)
    warm = fit(turned, targets, 4, 1.0, fit(turned, targets, 4, 0.1))
    monkeypatch.setattr(softmax_regression, "_LOGITS_AT_ONCE", 40)
    pieces = fit(turned, targets, 4, 1.0)

    def sure(found):
        return softmax(turned.coordinates @ found.weights.T + found.bias, axis=1)

    assert sure(warm) == pytest.approx(sure(cold), abs=0.02)
    assert sure(pieces) == pytest.approx(sure(cold), abs=0.02)


def test_vectors_without_any_spread_give_the_shares_of_the_classes():
    targets = np.array([0, 0, 0, 1])
    for dim in (2, 9):
        found = fit(principal(np.zeros((4, dim), np.float32)), targets, 2, 1.0)
        assert softmax(found.bias) == pytest.approx([0.75, 0.25], abs=0.01)
        assert abs(found.weights).max(initial=0.0) == 0.0
