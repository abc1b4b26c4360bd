"""Spearman by mid-ranks, against scipy and against resamples that are really drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from alignet_ray.functional.rank_correlation import (
    Ranked,
    correlations,
    spearman,
    weighted_spearman,
)

VALUES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=12)


@given(VALUES)
def test_equals_scipy_with_ties(rows):
    first, second = np.array(rows, dtype=np.float64).T
    if min(len(set(first)), len(set(second))) == 1:
        assert np.isnan(spearman(first, second))
    else:
        assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second)[0])


@given(VALUES, st.data())
def test_weights_are_repetitions(rows, data):
    weights = data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    first, second = np.array(rows, dtype=np.float64).T
    found = weighted_spearman(Ranked.of(first), Ranked.of(second), np.array(weights) * 1.0)
    expected = spearman(np.repeat(first, weights), np.repeat(second, weights))
    assert found == pytest.approx(expected, nan_ok=True)


def test_any_growing_function_of_the_values_changes_nothing():
    random = np.random.default_rng(0)
    first, second = random.normal(size=(2, 50))
    assert spearman(np.exp(first), second**3) == spearman(first, second)
    assert spearman(first, -second) == pytest.approx(-spearman(first, second))


def test_items_without_a_number_are_left_out():
    first = np.array([1.0, 2.0, np.nan, 4.0, 3.0])
    second = np.array([1.0, 3.0, 9.0, 2.0, np.inf])
    assert spearman(first, second) == spearman(first[[0, 1, 3]], second[[0, 1, 3]])


def weights_of(num_items, count=40):
    random = np.random.default_rng(1)
    return [random.multinomial(num_items, [1 / num_items] * num_items) * 1.0 for _ in range(count)]


def test_models_are_compared_in_the_same_resamples():
    random = np.random.default_rng(2)
    human = random.integers(0, 5, 60) * 1.0
    models = np.stack([human + random.normal(size=60), random.normal(size=60)])
    models[1, 7] = np.nan
    resamples = weights_of(60)
    own, paired = correlations(models, human, iter(resamples), pairs=[(1, 0)])
    kept = np.delete(np.arange(60), 7)
    drawn = [np.repeat(kept, resample[kept].astype(int)) for resample in resamples]
    sampled = np.array([[stats.spearmanr(m[d], human[d])[0] for m in models] for d in drawn])
    whole = [stats.spearmanr(model[kept], human[kept])[0] for model in models]
    for place in range(2):
        expected = [whole[place], *np.percentile(sampled[:, place], [2.5, 97.5])]
        assert own[place].interval == pytest.approx(expected)
        assert own[place].num_items == 59
    differences = sampled[:, 0] - sampled[:, 1]
    expected = [whole[0] - whole[1], *np.percentile(differences, [2.5, 97.5])]
    assert paired[0].interval == pytest.approx(expected)


@pytest.mark.parametrize(
    ("model", "human", "reason"),
    [
        ([1.0] * 4, [1, 2, 3, 4.0], "all values of the model are equal"),
        ([1, 2, 3, 4.0], [1.0] * 4, "all values of the human are equal"),
        ([1, 2, np.nan, np.nan], [1, 2, 3, 4.0], "2 items have both values"),
    ],
)
def test_what_has_no_correlation_says_why(model, human, reason):
    models = np.array([model, model])
    own, paired = correlations(models, np.array(human), iter(weights_of(4)), pairs=[(0, 1)])
    for found in (*own, *paired):
        assert reason in found.undefined
        assert np.isnan(found.interval).all()
