"""Choices and entropies of many triplets: the literal ones, whatever the way and the chunk."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional import triplet_scores
from alignet_ray.functional.agreement import expected_accuracy, num_correct
from alignet_ray.functional.odd_one_out import pair_similarities
from alignet_ray.functional.triplet_scores import (
    TIED,
    score_triplets,
    similarity_chunks,
    value_of_choice,
)


def drawn(seed=0, num_objects=12, num_triplets=200, dim=7):
    random = np.random.default_rng(seed)
    triplets = np.array([random.permutation(num_objects)[:3] for _ in range(num_triplets)])
    return random.normal(size=(num_objects, dim)), triplets


@pytest.mark.parametrize("num_objects", [12, 200], ids=["by table", "by triplet"])
def test_both_ways_and_every_chunk_give_the_same_bits(monkeypatch, num_objects):
    monkeypatch.setattr(triplet_scores, "_TRIPLETS_AT_ONCE", 64)
    vectors, triplets = drawn(num_objects=num_objects)
    found = np.concatenate(list(similarity_chunks(vectors.astype(np.float32), triplets)))
    expected = pair_similarities(vectors.astype(np.float32), triplets)
    assert (found == expected).all()


@given(st.integers(0, 20))
def test_choices_and_entropies_are_the_literal_ones(seed):
    vectors, triplets = drawn(seed, num_triplets=6)
    vectors[1] = vectors[0]  # some triplets tie
    scores = score_triplets(vectors, triplets, (1.0, 10.0))
    for row, (i, j, k) in enumerate(triplets.tolist()):
        products = [float(np.dot(vectors[a], vectors[b])) for a, b in ((i, j), (i, k), (j, k))]
        best = [pair for pair in range(3) if products[pair] == max(products)]
        assert scores.choice[row] == (best[0] if len(best) == 1 else TIED)
        for place, temperature in enumerate((1.0, 10.0)):
            weights = np.exp(np.array(products) / temperature)
            shares = weights / weights.sum()
            entropy = -sum(share * np.log(share) for share in shares if share > 0)
            assert scores.entropies[place, row] == pytest.approx(entropy, abs=1e-12)


def test_a_choice_is_worth_what_agreement_says():
    vectors, triplets = drawn()
    vectors[3] = vectors[4] = vectors[4] / 10  # the third of a triplet is as near to both
    counts = np.random.default_rng(1).integers(0, 9, triplets.shape) + np.array([1, 0, 0])
    similarities = pair_similarities(vectors, triplets)
    choice = score_triplets(vectors, triplets).choice
    assert (choice == TIED).any()
    assert (value_of_choice(choice, counts * 1.0) == num_correct(similarities, counts)).all()
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert (value_of_choice(choice, shares) == expected_accuracy(similarities, shares)).all()


@pytest.mark.parametrize("num_triplets", [3, 500])
def test_constant_embeddings_choose_nothing_and_are_as_unsure_as_can_be(num_triplets):
    _, triplets = drawn(num_triplets=num_triplets)
    vector = np.random.default_rng(2).normal(size=301)
    scores = score_triplets(np.tile(vector, (12, 1)), triplets)
    assert (scores.choice == TIED).all(), "a collapsed model scores 0, not 1"
    assert scores.entropies == pytest.approx(np.log(3))
    assert (value_of_choice(scores.choice, np.ones((num_triplets, 3))) == 0).all()


@given(st.permutations(range(12)), st.floats(0.1, 50))
def test_choices_do_not_depend_on_the_names_or_the_scale(order, scale):
    vectors, triplets = drawn(num_triplets=20)
    place = np.argsort(order)
    found = score_triplets(vectors[list(order)] * scale, place[triplets])
    assert (found.choice == score_triplets(vectors, triplets).choice).all()


def test_saturated_entropies_keep_their_order():
    vectors = np.array([[1.0, 0.0], [40.0, 0.0], [0.0, 0.0], [41.0, 0.0]])
    triplets = np.array([[0, 1, 2], [0, 3, 2]])
    first, second = score_triplets(vectors, triplets).entropies[0]
    assert 0 < second < first < 1e-14


def test_no_number_is_refused():
    vectors, triplets = drawn()
    vectors[5, 2] = np.nan
    with pytest.raises(ValueError, match=r"1 vectors with NaN .*row 6"):
        score_triplets(vectors, triplets)


def test_nothing_to_score_is_nothing():
    vectors, triplets = drawn()
    assert len(score_triplets(vectors, triplets[:0]).choice) == 0
