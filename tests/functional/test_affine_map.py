"""Coordinates of the fit: one map of all dimensions does what a map of components does."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.affine_map import (
    AffineMap,
    lifted,
    principal_components,
    scalar_standardisation,
)


def test_standardisation_is_one_mean_and_one_scale():
    assert scalar_standardisation(np.array([[1.0, 3.0], [5.0, 7.0]])) == (4.0, np.sqrt(5.0))


def test_apply_is_the_affine_map():
    weight, bias, features = torch.randn(3, 3), torch.randn(3), torch.randn(5, 3)
    expected = torch.stack([weight @ row + bias for row in features])
    torch.testing.assert_close(AffineMap(weight, bias).apply(features), expected)


def test_components_are_those_of_the_singular_value_decomposition():
    features = np.random.default_rng(0).normal(size=(40, 6)) @ np.diag([5, 4, 3, 2, 1, 0.5]) + 2
    found = principal_components(features, 3)
    _, _, rows = np.linalg.svd(features - features.mean(axis=0))
    assert np.abs(np.sum(found.basis * rows[:3].T, axis=0)) == pytest.approx(1)
    assert found.basis[np.abs(found.basis).argmax(axis=0), range(3)].min() > 0


@given(seed=st.integers(0, 1000), count=st.integers(1, 7), objects=st.integers(2, 12))
def test_a_lifted_map_has_the_same_dot_products(seed, count, objects):
    random = np.random.default_rng(seed)
    features = random.normal(size=(objects, 7)) + 1
    components = principal_components(features, count)
    assert components.basis.T @ components.basis == pytest.approx(np.eye(count))
    weight, bias = random.normal(size=(count, count)), random.normal(size=count)
    narrow = components.project(features) @ weight.T + bias
    wide_weight, wide_bias = lifted(weight, bias, components)
    wide = features @ wide_weight.T + wide_bias
    assert wide @ wide.T == pytest.approx(narrow @ narrow.T)


def test_all_components_lose_nothing():
    random = np.random.default_rng(1)
    features = random.normal(size=(30, 5))
    components = principal_components(features, 5)
    weight, bias = lifted(2.5 * np.eye(5), np.zeros(5), components)
    assert weight == pytest.approx(2.5 * np.eye(5))
    assert bias == pytest.approx(-2.5 * features.mean(axis=0))
