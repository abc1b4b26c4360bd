"""Scales and ticks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.pages.plot import Scale, log_ticks, ticks

LOWS = st.floats(-1e6, 1e6)
SPANS = st.floats(1e-3, 1e6)


@given(LOWS, SPANS)
def test_ticks_are_few_and_inside(low, span):
    found = ticks(low, low + span)
    assert 1 <= len(found) <= 7
    slack = 1e-6 * (abs(low) + span)
    assert all(low - slack <= tick <= low + span + slack for tick in found)


def test_ticks_are_round():
    assert ticks(0, 1.0986) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert log_ticks(0.8, 116) == [1, 2, 5, 10, 20, 50, 100]


def test_a_scale_keeps_its_ends():
    scale = Scale(low=2, high=4, start=10, end=110)
    assert (scale(2), scale(3), scale(4)) == (10, 60, 110)
    log = Scale(low=1, high=100, start=0, end=10, is_log=True)
    assert (log(1), log(10), log(100)) == pytest.approx((0, 5, 10))
    assert Scale(low=3, high=3, start=1, end=2)(3) == 1
