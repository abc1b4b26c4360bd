"""Laws of the matching temperature."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignet_ray.functional.temperature import (
    MAX_ENTROPY,
    best_temperature,
    matching_temperature,
    mean_entropy,
    spread,
    spread_matching_temperature,
)


@given(st.integers(0, 1000), st.floats(0.05, 1.09), st.floats(-6, 6))
@settings(max_examples=50, deadline=None)
def test_the_found_temperature_gives_the_target(seed: int, target: float, log_scale: float) -> None:
    similarities = np.random.default_rng(seed).normal(size=(50, 3)) * 10**log_scale
    temperature = matching_temperature(similarities, target)
    assert mean_entropy(similarities, temperature) == pytest.approx(target, abs=1e-9)


@given(st.integers(0, 1000), st.floats(0.1, 100.0))
def test_scaling_the_similarities_scales_the_temperature(seed: int, factor: float) -> None:
    similarities = np.random.default_rng(seed).normal(size=(20, 3))
    plain = matching_temperature(similarities, 0.7)
    assert matching_temperature(similarities * factor, 0.7) == pytest.approx(plain * factor)


@given(st.integers(0, 1000), st.floats(0.01, 10.0), st.floats(1.0, 10.0))
def test_entropy_rises_with_temperature(seed: int, temperature: float, factor: float) -> None:
    similarities = np.random.default_rng(seed).normal(size=(20, 3))
    low = mean_entropy(similarities, temperature)
    assert low <= mean_entropy(similarities, temperature * factor) + 1e-12


def test_entropy_of_known_distributions() -> None:
    assert mean_entropy(np.zeros((4, 3)), 1.0) == pytest.approx(math.log(3))
    assert mean_entropy(np.array([[0.0, 0.0, -1e9]]), 1.0) == pytest.approx(math.log(2))
    odds = np.log(np.array([[0.5, 0.25, 0.25]]))
    assert mean_entropy(odds, 1.0) == pytest.approx(1.5 * math.log(2))
    assert pytest.approx(math.log(3)) == MAX_ENTROPY


def test_what_cannot_be_matched_is_refused() -> None:
    with pytest.raises(ValueError, match="equal"):
        matching_temperature(np.ones((5, 3)), 0.5)
    with pytest.raises(ValueError, match="expected one between"):
        matching_temperature(np.array([[1.0, 2.0, 3.0]]), 1.2)
    with pytest.raises(ValueError, match="expected one between"):
        matching_temperature(np.array([[2.0, 2.0, 1.0]]), 0.3)


def test_the_best_temperature_is_found_again():
    similarities = np.random.default_rng(0).normal(size=(300, 3)) * 40
    logs = similarities / 12.5 - np.log(np.exp(similarities / 12.5).sum(1, keepdims=True))
    assert best_temperature(similarities, np.exp(logs)) == pytest.approx(12.5)


def test_no_temperature_near_the_best_has_a_lower_cross_entropy():
    random = np.random.default_rng(1)
    similarities = random.normal(size=(200, 3)) * 3
    wanted = np.exp(similarities * 0.2 + random.normal(size=(200, 3)))
    wanted /= wanted.sum(axis=1, keepdims=True)

    def loss(temperature):
        scaled = similarities / temperature
        logs = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return -(wanted * logs).sum(axis=1).mean()

    best = best_temperature(similarities, wanted)
    assert all(loss(best) <= loss(best * factor) for factor in (0.5, 0.9, 0.99, 1.01, 1.1, 2))


def test_similarities_that_say_nothing_or_all_have_the_ends_of_the_range():
    similarities = np.array([[3.0, 1.0, 0.0]])
    assert best_temperature(similarities, np.array([[0.1, 0.2, 0.7]])) > 1e6
    assert best_temperature(similarities, np.array([[1.0, 0.0, 0.0]])) < 1e-3
    assert best_temperature(np.ones((4, 3)), np.full((4, 3), 1 / 3)) == 1.0


@given(st.integers(0, 1000), st.floats(-6, 6), st.floats(0.01, 100.0))
@settings(max_examples=20, deadline=None)
def test_divided_by_the_temperature_similarities_have_the_wanted_spread(
    seed: int, log_scale: float, target: float
) -> None:
    similarities = np.random.default_rng(seed).normal(size=(50, 3)) * 10**log_scale
    temperature = spread_matching_temperature(similarities, target)
    assert spread(similarities / temperature) == pytest.approx(target)


def test_spread_is_the_deviation_of_differences_over_the_root_of_three() -> None:
    similarities = np.random.default_rng(0).normal(loc=40, size=(200, 3))
    differences = similarities[:, [0, 0, 1]] - similarities[:, [1, 2, 2]]
    expected = np.sqrt(np.mean(differences**2) / 3)
    assert spread(similarities) == pytest.approx(expected)
    assert spread(similarities + np.arange(200)[:, None]) == pytest.approx(expected)


def test_a_spread_of_nothing_cannot_be_matched() -> None:
    with pytest.raises(ValueError, match="equal"):
        spread_matching_temperature(np.ones((5, 3)), 0.5)
    with pytest.raises(ValueError, match="more than 0"):
        spread_matching_temperature(np.array([[1.0, 2.0, 3.0]]), 0.0)
