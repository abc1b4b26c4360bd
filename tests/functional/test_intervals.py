"""Wald and exact intervals against statsmodels, the sign test against counting coins."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from alignet_ray.functional.intervals import (
    difference_interval,
    exact_interval,
    mean_interval,
    sign_test,
    wald_interval,
)


@given(st.integers(1, 200), st.data())
def test_a_share_s_interval_is_statsmodels_s_but_for_clipping(num, data):
    correct = data.draw(st.integers(0, num))
    found = wald_interval(correct, num)
    low, high = proportion_confint(correct, num, method="normal")
    assert found.estimate == correct / num
    assert (max(found.low, 0), min(found.high, 1)) == pytest.approx((low, high))


def test_no_items_have_no_share():
    assert np.isnan(wald_interval(0, 0)).all()


@given(st.integers(1, 200), st.data())
def test_exact_intervals_are_statsmodels_s_and_have_width_at_the_ends(num, data):
    right = data.draw(st.integers(0, num))
    found = exact_interval(right, num)
    expected = proportion_confint(right, num, method="beta")
    assert found == pytest.approx((right / num, *expected), abs=1e-9)
    assert exact_interval(num, num).low < 1
    assert np.isnan(exact_interval(0, 0)).all()


def test_a_mean_s_interval_is_statsmodels_s():
    values = np.random.default_rng(0).normal(size=12)
    expected = DescrStatsW(values).zconfint_mean()
    assert mean_interval(values) == pytest.approx((values.mean(), *expected))
    one = mean_interval(values[:1])
    assert one.estimate == values[0]
    assert np.isnan([one.low, one.high]).all()


def test_paired_differences_are_narrower_than_unpaired_ones():
    random = np.random.default_rng(1)
    before = random.normal(size=40)
    after = before + 0.1 + random.normal(size=40) / 100
    found = difference_interval(before, after)
    assert 0.09 < found.low < found.estimate < found.high < 0.11


def test_the_paper_s_32_of_40():
    before, after = np.zeros(40), np.array([1.0] * 32 + [-1.0] * 8)
    found = sign_test(before, after)
    tail = sum(comb(40, k) for k in range(9)) / 2**40
    assert found == (32, 8, 0, pytest.approx(2 * tail))
    assert found.p_value < 0.05


def test_equal_cases_do_not_count():
    found = sign_test(np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 4, 5]))
    assert found == (3, 0, 1, pytest.approx(0.25))
    assert sign_test(np.ones(3), np.ones(3)) == (0, 0, 3, 1.0)
