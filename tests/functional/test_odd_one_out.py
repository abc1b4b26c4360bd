"""Laws of triplets: probabilities, permutations, ties, entropy, similarity spaces."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from alignet_ray.functional.odd_one_out import (
    PAIR_ORDER,
    as_similarity_space,
    entropy,
    is_choice_correct,
    odd_one_out,
    pair_log_probabilities,
    pair_similarities,
    unit_length,
)

FINITE = st.floats(-1e3, 1e3, width=32)
SIMILARITIES = arrays.arrays(np.float64, (5, 3), elements=FINITE)
EMBEDDINGS = arrays.arrays(np.float32, (6, 4), elements=st.floats(-100, 100, width=32))


def test_a_pair_leaves_out_the_third_image():
    odd = odd_one_out(np.arange(3)).tolist()
    assert [{*images, left_out} for images, left_out in zip(PAIR_ORDER, odd, strict=True)] == [
        {0, 1, 2}
    ] * 3


@given(EMBEDDINGS)
def test_similarities_are_dot_products_in_pair_order(vectors):
    triplets = np.array(list(itertools.permutations(range(6), 3)))
    found = pair_similarities(vectors, triplets)
    wide = vectors.astype(np.float64)
    literal = [[wide[t[i]] @ wide[t[j]] for i, j in ((0, 1), (0, 2), (1, 2))] for t in triplets]
    np.testing.assert_allclose(found, literal, rtol=1e-12, atol=1e-9)


def test_many_triplets_are_cut_where_nobody_sees_it():
    random = np.random.default_rng(0)
    vectors, triplets = random.normal(size=(50, 3)), random.integers(50, size=(9000, 3))
    whole = pair_similarities(vectors, triplets)
    np.testing.assert_array_equal(whole[4000:4200], pair_similarities(vectors, triplets[4000:4200]))
    assert whole.shape == (9000, 3)


@given(SIMILARITIES, st.floats(0.1, 100))
def test_probabilities_sum_to_one(similarities, temperature):
    log_probabilities = pair_log_probabilities(torch.from_numpy(similarities), temperature)
    np.testing.assert_allclose(log_probabilities.exp().sum(-1), 1, rtol=1e-12)


@given(SIMILARITIES, st.floats(0.1, 100))
def test_probabilities_are_the_softmax(similarities, temperature):
    found = pair_log_probabilities(torch.from_numpy(similarities), temperature).numpy()
    scaled = similarities / temperature
    shifted = scaled - scaled.max(axis=1, keepdims=True)
    literal = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(found, literal, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_permuting_images_permutes_the_odd_one_out(order):
    vectors = np.random.default_rng(1).normal(size=(3, 8))
    odd = odd_one_out(pair_similarities(vectors, np.array([[0, 1, 2]])).argmax(axis=1))
    moved = odd_one_out(pair_similarities(vectors, np.array([order])).argmax(axis=1))
    assert order[int(moved[0])] == int(odd[0])


@given(SIMILARITIES)
def test_entropy_is_that_of_the_probabilities_and_bounded(similarities):
    log_probabilities = pair_log_probabilities(torch.from_numpy(similarities))
    found = entropy(log_probabilities).numpy()
    literal = [
        -math.fsum(p * math.log(p) for p in row if p > 0)
        for row in log_probabilities.exp().tolist()
    ]
    np.testing.assert_allclose(found, literal, atol=1e-9)
    assert ((found >= 0) & (found <= math.log(3) + 1e-12)).all()


def test_entropy_of_certainty_is_zero_and_not_nan():
    assert entropy(torch.tensor([0.0, -torch.inf, -torch.inf])).item() == 0


def test_the_most_similar_pair_is_the_right_choice():
    similarities = np.array([[3.0, 2.0, 1.0], [1.0, 3.0, 2.0], [1.0, 2.0, 3.0]])
    assert is_choice_correct(similarities, np.array([0, 1, 2])).all()
    assert not is_choice_correct(similarities, np.array([1, 2, 0])).any()


@given(arrays.arrays(np.int64, 5, elements=st.integers(0, 2)), FINITE)
def test_a_collapsed_model_scores_zero(choices, value):
    assert not is_choice_correct(np.full((5, 3), value), choices).any()


def test_a_tie_for_the_first_place_is_wrong_whichever_is_chosen():
    similarities = np.array([[2.0, 2.0, 1.0]] * 3)
    assert is_choice_correct(similarities, np.array([0, 1, 2])).tolist() == [False] * 3


def test_a_tie_behind_the_choice_is_right():
    assert is_choice_correct(np.array([[1.0, 3.0, 1.0]]), np.array([1])).tolist() == [True]


@given(SIMILARITIES)
def test_at_most_one_choice_is_right(similarities):
    correct = [is_choice_correct(similarities, np.full(5, pair)) for pair in range(3)]
    assert (np.sum(correct, axis=0) <= 1).all()


@given(EMBEDDINGS)
def test_dot_leaves_embeddings_as_they_are(vectors):
    np.testing.assert_array_equal(as_similarity_space(vectors, "dot"), vectors)


@given(EMBEDDINGS)
def test_centred_embeddings_have_mean_zero_and_the_same_differences(vectors):
    centred = as_similarity_space(vectors, "centred_dot")
    np.testing.assert_allclose(centred.mean(axis=0), 0, atol=1e-9)
    wide = vectors.astype(np.float64)
    np.testing.assert_allclose(centred - centred[:1], wide - wide[:1], atol=1e-9)


@given(EMBEDDINGS, st.floats(1, 1000))
def test_centred_cosine_knows_no_scale_and_has_length_one(vectors, factor):
    space = as_similarity_space(vectors, "centred_cosine")
    lengths = np.linalg.norm(space, axis=1)
    assert np.all((np.abs(lengths - 1) < 1e-9) | (lengths == 0))
    again = as_similarity_space(vectors.astype(np.float64) * factor, "centred_cosine")
    is_stable = np.linalg.norm(as_similarity_space(vectors, "centred_dot"), axis=1) > 1e-3
    np.testing.assert_allclose(space[is_stable], again[is_stable], atol=1e-6)


def test_a_zero_row_stays_zero():
    assert unit_length(np.array([[0.0, 0.0], [3.0, 4.0]])).tolist() == [[0, 0], [0.6, 0.8]]


def test_another_similarity_is_refused_with_the_ones_there_are():
    with pytest.raises(ValueError, match="'cosine'; expected dot, centred_dot or centred_cosine"):
        as_similarity_space(np.zeros((2, 2)), "cosine")


@given(seed=st.integers(0, 100))
def test_a_given_mean_is_taken_off_in_place_of_their_own(seed):
    vectors = np.random.default_rng(seed).normal(size=(6, 3))
    own = vectors.mean(axis=0)
    for similarity in ("dot", "centred_dot", "centred_cosine"):
        here = as_similarity_space(vectors, similarity)
        assert as_similarity_space(vectors, similarity, own) == pytest.approx(here)
        part = as_similarity_space(vectors[:2], similarity, own)
        assert part == pytest.approx(here[:2]), "rows do not depend on which others are there"
