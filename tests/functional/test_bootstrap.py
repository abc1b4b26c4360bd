"""Intervals: deterministic, paired, weighted, and as wide as theory says."""

import numpy as np
import pytest

from alignet_ray.functional.bootstrap import (
    mean_intervals,
    percentile_interval,
    resampled_means,
    weighted_means,
)
from alignet_ray.functional.random_streams import RandomStream


def test_resamples_equal_a_literal_loop():
    totals = np.array([[1.0, 2.0], [3.0, 0.0], [5.0, 5.0]])
    weights = np.array([2.0, 3.0, 5.0])
    means = resampled_means(totals, weights, num_resamples=4, seed=7)
    for resample in range(4):
        drawn = RandomStream(7, "bootstrap", resample).integers(np.full(3, 3))
        expected = sum(totals[i] for i in drawn) / sum(weights[i] for i in drawn)
        assert means[resample] == pytest.approx(expected)


def test_more_resamples_keep_the_first_ones():
    totals, weights = np.arange(10.0)[:, None], np.ones(10)
    few = resampled_means(totals, weights, num_resamples=5, seed=1)
    many = resampled_means(totals, weights, num_resamples=9, seed=1)
    assert np.array_equal(few, many[:5])
    assert not np.array_equal(few, resampled_means(totals, weights, num_resamples=5, seed=2))


def test_golden_interval():
    totals = np.arange(20.0)[:, None] % 7
    (interval,) = mean_intervals(totals, np.full(20, 7.0), num_resamples=200, seed=0)
    assert interval == pytest.approx(
        (totals.sum() / 140, *np.percentile(_means(totals, np.full(20, 7.0)), [2.5, 97.5]))
    )


def _means(totals, weights):
    return resampled_means(totals, weights, num_resamples=200, seed=0)[:, 0]


def test_the_interval_has_the_width_of_the_standard_error():
    random = np.random.default_rng(0)
    shares = random.normal(0.5, 0.2, size=2000)
    (interval,) = mean_intervals(shares[:, None], np.ones(2000), num_resamples=2000, seed=3)
    standard_error = shares.std() / np.sqrt(2000)
    assert (interval.high - interval.low) / 2 == pytest.approx(1.96 * standard_error, rel=0.1)
    assert interval.low < interval.estimate < interval.high


def test_a_constant_difference_has_no_width_although_each_model_has():
    random = np.random.default_rng(1)
    weights = random.integers(10, 20, size=300).astype(float)
    before = random.binomial(weights.astype(int), 0.4).astype(float)
    after = before + 0.1 * weights
    own, _, difference = mean_intervals(
        np.column_stack([before, after, after - before]), weights, num_resamples=100, seed=0
    )
    assert own.high - own.low > 0.01
    assert tuple(difference) == pytest.approx((0.1, 0.1, 0.1))


def test_weights_are_responses():
    means = weighted_means(np.array([[1.0], [30.0]]), np.array([1.0, 99.0]))
    assert means == pytest.approx([0.31])


def test_percentiles_of_known_samples():
    interval = percentile_interval(0.5, np.linspace(0, 1, 1001), level=0.9)
    assert tuple(interval) == pytest.approx((0.5, 0.05, 0.95))
