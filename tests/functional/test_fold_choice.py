"""The choice by mean curves, against examples and a literal search."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.fold_choice import (
    Choice,
    best_epoch,
    choose,
    choose_without,
    is_over,
    mean_curve,
)

finite = st.lists(st.floats(0.1, 2.0), min_size=1, max_size=6)
curve = finite | finite.map(lambda own: [*own[:-1], math.inf])
grids = st.integers(2, 4).flatmap(
    lambda folds: st.lists(
        st.lists(curve, min_size=folds, max_size=folds), min_size=1, max_size=4
    )
)  # fmt: skip


def literal_choice(candidates):
    found = []
    for number, curves in enumerate(candidates):
        for epoch in range(max(map(len, curves))):
            mean = np.mean([own[min(epoch, len(own) - 1)] for own in curves])
            found += [(mean, number, epoch + 1)] if math.isfinite(mean) else []
    return min(found, default=None)


@given(candidates=grids)
def test_the_lowest_mean_of_all_epochs_wins(candidates):
    choice, expected = choose(candidates), literal_choice(candidates)
    if expected is None:
        assert choice is None
        return
    assert choice.cross_entropy == pytest.approx(expected[0])
    chosen = mean_curve(candidates[choice.candidate])
    assert choice.cross_entropy == pytest.approx(chosen[choice.num_epochs - 1])


@given(candidates=grids, fold=st.integers(0, 1), other=curve)
def test_a_fold_has_no_say_in_what_is_chosen_without_it(candidates, fold, other):
    changed = [[other if k == fold else own for k, own in enumerate(row)] for row in candidates]
    assert choose_without(changed, fold) == choose_without(candidates, fold)


def test_the_first_of_equal_ones_wins():
    assert choose([[[0.5, 0.4]], [[0.4, 0.5]]]) == Choice(0, 2, 0.4)


def test_a_fold_that_stopped_counts_with_its_last_value():
    assert mean_curve([[1.0, 0.8, 0.1], [0.6, 0.4]]) == pytest.approx([0.8, 0.6, 0.25])


def test_a_candidate_that_diverged_in_one_fold_wins_only_by_what_came_before():
    assert choose([[[0.1, 0.1], [math.inf]], [[1.0], [1.0]]]) == Choice(1, 1, 1.0)
    assert choose([[[0.5, 0.1], [0.5, math.inf]], [[1.0], [1.0]]]) == Choice(0, 1, 0.5)
    assert choose([[[math.inf], [math.inf]]]) is None
    assert best_epoch([math.inf]) == 0


def test_patience_counts_epochs_without_enough_improvement():
    falling = [1.0, 0.9, 0.8]
    assert not is_over(falling, 2, 0.01)
    assert not is_over([*falling, 0.8], 2, 0.01)
    assert is_over([*falling, 0.8, 0.795], 2, 0.01)
    assert not is_over([*falling, 0.8, 0.78], 2, 0.01)
    assert is_over([1.0, 1.0], 1, 0.0), "equal is no improvement"
    assert is_over([math.nan], 5, 0.0)
    assert is_over([0.5, math.inf], 5, 0.0)
