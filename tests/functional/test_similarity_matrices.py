"""Flat similarity matrices and their ranks, against numpy's and scipy's whole ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from alignet_ray.functional import similarity_matrices
from alignet_ray.functional.similarity_matrices import (
    doubled_ranks,
    num_pairs_of,
    pearson_upper,
    spearman_of_pairs,
    upper_triangle,
)


@pytest.mark.parametrize("num_images", [2, 5, 33])
def test_the_kernel_is_numpy_s(monkeypatch, num_images):
    monkeypatch.setattr(similarity_matrices, "_ROWS_AT_ONCE", 4)
    embeddings = np.random.default_rng(0).normal(size=(num_images, 6)).astype(np.float32)
    found = pearson_upper(embeddings)
    assert len(found) == num_pairs_of(num_images)
    assert found == pytest.approx(upper_triangle(np.corrcoef(embeddings.astype(np.float64))))


def test_scale_and_shift_of_a_vector_change_nothing():
    random = np.random.default_rng(1)
    embeddings = random.normal(size=(6, 5))
    moved = embeddings * random.uniform(0.5, 3, (6, 1)) + random.normal(size=(6, 1))
    assert pearson_upper(moved) == pytest.approx(pearson_upper(embeddings))


def test_a_vector_that_is_no_number_is_not_taken_for_unjudged():
    with pytest.raises(ValueError, match="the first in row 2"):
        pearson_upper(np.array([[1.0, 2.0], [np.nan, 1.0], [0.0, 1.0]]))


def test_constant_vectors_are_like_nothing():
    embeddings = np.full((4, 3), 0.1)
    assert (pearson_upper(embeddings) == 0).all()
    assert np.isnan(spearman_of_pairs(pearson_upper(embeddings), np.arange(6.0)))


@given(st.lists(st.integers(0, 4), max_size=14), st.integers(1, 5))
def test_ranks_are_scipy_s_whatever_the_chunk(values, at_once):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similarity_matrices, "_PAIRS_AT_ONCE", at_once)
        ranks = doubled_ranks(np.array(values, dtype=np.float64))
    assert ranks.tolist() == (2 * stats.rankdata(values)).tolist()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=14))
def test_the_correlation_is_scipy_s(rows):
    first, second = np.array(rows, dtype=np.float64).T
    if min(len(set(first)), len(set(second))) == 1:
        assert np.isnan(spearman_of_pairs(first, second))
    else:
        expected = stats.spearmanr(first, second)[0]
        assert spearman_of_pairs(first, second) == pytest.approx(expected)


def test_pairs_that_were_not_judged_do_not_count():
    random = np.random.default_rng(2)
    first, second = random.normal(size=(2, 10))
    second[[1, 4]] = np.nan
    kept = np.delete(np.arange(10), [1, 4])
    expected = stats.spearmanr(first[kept], second[kept])[0]
    assert spearman_of_pairs(first, second) == pytest.approx(expected)
    assert np.isnan(spearman_of_pairs(first[:2], second[:2]))


def test_a_correlation_is_at_most_one():
    random = np.random.default_rng(0)
    for num in range(3, 60):
        values = random.normal(size=num).round(1)  # rounding made 1.0000000000000002 of some
        assert spearman_of_pairs(values, values) <= 1.0
        assert spearman_of_pairs(values, -values) >= -1.0
