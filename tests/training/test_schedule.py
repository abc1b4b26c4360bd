"""The learning rate rises in a line and falls along a cosine."""

import pytest

from alignet_ray.training.schedule import learning_rate_factor


def test_warm_up_rises_in_equal_parts_to_the_peak() -> None:
    assert [learning_rate_factor(step, 4, 100) for step in range(4)] == [0.25, 0.5, 0.75, 1.0]


def test_the_peak_follows_warm_up_and_the_middle_is_half() -> None:
    assert learning_rate_factor(10, 10, 110) == 1.0
    assert learning_rate_factor(60, 10, 110) == pytest.approx(0.5)


def test_it_only_falls_after_warm_up_and_stays_above_zero() -> None:
    course = [learning_rate_factor(step, 5, 50) for step in range(5, 50)]
    assert course == sorted(course, reverse=True)
    assert 0 < course[-1] < 0.01


def test_no_warm_up_starts_at_the_peak() -> None:
    assert learning_rate_factor(0, 0, 10) == 1.0
