"""Paired differences and disagreements, against listing all and against scipy."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from alignet_ray.functional import comparison
from alignet_ray.functional.bootstrap import percentile_interval, resampled_items
from alignet_ray.functional.comparison import (
    jensen_shannon,
    pair_disagreements,
    paired_differences,
    triplet_disagreements,
)


def probabilities(seed, num=8):
    weights = np.random.default_rng(seed).exponential(size=(num, 3))
    return weights / weights.sum(axis=1, keepdims=True)


def test_differences_are_those_of_the_same_drawn_items():
    random = np.random.default_rng(0)
    weights = random.integers(1, 9, 30) * 1.0
    values = random.uniform(size=(3, 30)) * weights
    pairs = [(0, 1), (2, 0), (1, 1)]
    found = paired_differences(values, weights, pairs, num_resamples=25, seed=4)
    draws = list(resampled_items(30, num_resamples=25, seed=4))
    for (before, after), interval in zip(pairs, found, strict=True):
        samples = np.array(
            [(values[after] - values[before])[d].sum() / weights[d].sum() for d in draws]
        )
        whole = (values[after] - values[before]).sum() / weights.sum()
        assert interval == pytest.approx(percentile_interval(whole, samples))
    assert found[2] == (0.0, 0.0, 0.0)
    assert paired_differences(values, weights, [], num_resamples=2, seed=0) == []


@given(st.integers(0, 30))
def test_the_divergence_is_scipy_s(seed):
    first, second = probabilities(seed), probabilities(seed + 1)
    second[0] = [0.0, 0.25, 0.75]
    expected = jensenshannon(first, second, axis=1) ** 2
    assert jensen_shannon(first, second) == pytest.approx(expected, abs=1e-12)
    assert (jensen_shannon(first, second) == jensen_shannon(second, first)).all()


def test_disjoint_choices_disagree_by_log_two_and_come_first():
    first = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    second = np.array([[0.5, 0.5, 0.0], [0.9, 0.1, 0.0], [0.0, 0.0, 1.0]])
    found = triplet_disagreements(first, second, 2)
    assert found.items.tolist() == [2, 1]
    assert found.values[0] == pytest.approx(np.log(2))
    assert len(triplet_disagreements(first, second, 9).items) == 3


@pytest.mark.parametrize("count", [1, 4, 1000])
def test_pairs_are_the_ones_that_listing_all_finds(monkeypatch, count):
    monkeypatch.setattr(comparison, "_ROWS_AT_ONCE", 3)
    random = np.random.default_rng(1)
    first, second = random.normal(size=(2, 11, 4))
    pairs = np.array(list(combinations(range(11), 2)))
    scores = []
    for space in (first, second):
        values = np.array([space[i] @ space[j] for i, j in pairs])
        scores.append((values - values.mean()) / values.std())
    differences = scores[1] - scores[0]
    order = np.argsort(differences)
    more, less = pair_disagreements(first, second, count)
    assert more.pairs.tolist() == pairs[order[::-1][:count]].tolist()
    assert more.differences == pytest.approx(differences[order[::-1][:count]])
    assert less.pairs.tolist() == pairs[order[:count]].tolist()
    assert less.differences == pytest.approx(differences[order[:count]])


def test_scale_and_shift_of_similarities_are_no_disagreement():
    space = np.random.default_rng(2).normal(size=(9, 4))
    more, less = pair_disagreements(space, space * 3, 3)
    assert np.abs([*more.differences, *less.differences]).max() < 1e-9


def test_a_model_without_differences_is_refused():
    with pytest.raises(ValueError, match="all similarities of a model are equal"):
        pair_disagreements(np.ones((5, 2)), np.eye(5), 2)
