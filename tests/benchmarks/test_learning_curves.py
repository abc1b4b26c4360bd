import importlib.util
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "learning_curves.py"
LADDER = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3)


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("learning_curves", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


curves = load_script()


def test_a_level_between_two_points_is_reached_between_them() -> None:
    passes, values = [0, 100, 300], [1.0, 0.5, 0.4]
    assert curves.passes_to_reach(passes, values, 0.75) == pytest.approx(50)
    assert curves.passes_to_reach(passes, values, 0.5) == pytest.approx(100)
    assert curves.passes_to_reach(passes, values, 0.45) == pytest.approx(200)


def test_a_level_is_there_at_once_or_never() -> None:
    assert curves.passes_to_reach([7, 100], [0.3, 0.2], 0.3) == 7
    assert curves.passes_to_reach([0, 100], [1.0, 0.5], 0.4) == math.inf


def test_one_lucky_point_reaches_no_level() -> None:
    lucky = [1.0, 0.4, 0.8, 0.7, 0.6]
    assert curves.passes_to_reach(range(5), lucky, 0.5) == math.inf


@given(st.lists(st.floats(0, 10), min_size=2, max_size=8), st.floats(0, 10))
def test_a_level_is_met_by_the_line_through_the_fit(values: list[float], level: float) -> None:
    passes = np.arange(len(values)) * 192.0
    fitted = curves.falling_fit(values)
    found = curves.passes_to_reach(passes.tolist(), values, level)
    if found == math.inf:
        assert min(fitted) > level
    elif found == 0:
        assert fitted[0] <= level
    else:
        assert np.interp(found, passes, fitted) == pytest.approx(level, abs=1e-9)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=8))
def test_the_falling_fit_is_the_min_max_formula(values: list[float]) -> None:
    def mean(first: int, last: int) -> float:
        return float(np.mean(values[first : last + 1]))

    count = len(values)
    expected = [
        min(max(mean(first, last) for last in range(at, count)) for first in range(at + 1))
        for at in range(count)
    ]
    assert curves.falling_fit(values) == pytest.approx(expected, abs=1e-9)


def test_the_late_mean_is_that_of_the_last_quarter() -> None:
    assert curves.late_mean([0, 25, 50, 75, 100], [9.0, 9.0, 9.0, 2.0, 1.0]) == 1.5


def test_the_mean_along_a_curve_weighs_the_distance_between_points() -> None:
    assert curves.mean_along([0, 10, 100], [1.0, 0.0, 0.0]) == pytest.approx(0.05)
    assert curves.mean_along([0, 3, 5], [2.0, 2.0, 2.0]) == pytest.approx(2)


@given(st.permutations(range(len(LADDER))))
def test_rates_are_tried_until_the_best_has_worse_neighbours(ranks: list[int]) -> None:
    value_of = dict(zip(LADDER, map(float, ranks), strict=True))
    found: dict[float, float] = {}
    while (rate := curves.next_rate(found, LADDER, 3e-4)) is not None:
        assert rate not in found
        found[rate] = value_of[rate]
    place = LADDER.index(curves.best_rate(found))
    around = LADDER[max(0, place - 1) : place + 2]
    assert all(value_of[LADDER[place]] <= found[rate] for rate in around)


def test_a_rate_that_diverged_is_never_the_best() -> None:
    found = {1e-4: 0.3, 3e-4: math.nan}
    assert curves.best_rate(found) == 1e-4
    assert curves.best_rate(dict(reversed(found.items()))) == 1e-4


def test_the_interval_over_seeds_is_students() -> None:
    mean, low, high = curves.interval_over_seeds([1.0, 2.0, 3.0])
    assert (mean, low, high) == pytest.approx((2, 2 - 4.303 / 3**0.5, 2 + 4.303 / 3**0.5))
    assert math.isnan(curves.interval_over_seeds([1.0]).low)
    assert curves.interval_over_seeds([1.0, math.inf]).estimate == math.inf


def test_ratios_and_their_inverses_have_inverse_intervals() -> None:
    mean, low, high = curves.ratio_over_seeds([0.25, 0.5, 1.0])
    inverse = curves.ratio_over_seeds([4.0, 2.0, 1.0])
    assert mean == pytest.approx(0.5)
    assert (1 / mean, 1 / high, 1 / low) == pytest.approx(tuple(inverse))
    assert curves.ratio_over_seeds([0.5, math.inf]).estimate == math.inf


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
def test_the_points_of_students_t_leave_a_fortieth_above(seeds: int) -> None:
    freedom = seeds - 1
    values = [0.0, 1.0, *[0.5] * (seeds - 2)]
    interval = curves.interval_over_seeds(values)
    point = (interval.high - interval.estimate) / np.std(values, ddof=1) * seeds**0.5
    angles = np.linspace(np.arctan(point / freedom**0.5), np.pi / 2, 20_001)
    density = np.cos(angles) ** (freedom - 1)  # Student's, with t = sqrt(freedom) tan(angle)
    whole = np.linspace(-np.pi / 2, np.pi / 2, 20_001)
    share = np.trapezoid(density, angles) / np.trapezoid(np.cos(whole) ** (freedom - 1), whole)
    assert share == pytest.approx(0.025, rel=1e-3)
