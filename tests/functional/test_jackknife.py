"""The jackknife of a mean is its textbook standard error."""

import math

import numpy as np
import pytest

from alignet_ray.functional.jackknife import jackknife_error, jackknife_interval


def test_of_a_mean_it_is_the_standard_error():
    values = np.random.default_rng(0).normal(size=40)
    without = (values.sum() - values) / 39
    expected = values.std(ddof=1) / math.sqrt(40)
    assert jackknife_error(without) == pytest.approx(expected)
    interval = jackknife_interval(float(values.mean()), without)
    assert interval.high - interval.low == pytest.approx(2 * 1.959964 * expected)
    assert interval.estimate == values.mean()


def test_where_an_image_takes_all_pairs_with_it_there_is_no_interval():
    interval = jackknife_interval(0.5, np.array([0.4, np.nan, 0.6]))
    assert interval.estimate == 0.5
    assert math.isnan(interval.low)
    assert math.isnan(jackknife_error(np.array([0.4])))
