"""Agreement with people: literal counting beside the vectorised one, and the known answers."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignet_ray.functional.agreement import (
    choice_entropy,
    count_choices,
    expected_accuracy,
    leave_one_out_majority,
    majority_share,
    mean_entropy_of_people,
    num_correct,
)
from alignet_ray.functional.odd_one_out import pair_similarities

COUNTS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 5)), min_size=1, max_size=6
)


def test_the_order_of_a_response_does_not_matter():
    responses = [(permuted, permuted.index(9)) for permuted in itertools.permutations((2, 5, 9))]
    triplets = np.array([triplet for triplet, _ in responses])
    odd = np.array([position for _, position in responses])
    unique, counts = count_choices(triplets, odd)
    assert unique.tolist() == [[2, 5, 9]]
    assert counts.tolist() == [[6, 0, 0]], "9 is odd, so the pair is that of 2 and 5"


def test_unique_triplets_are_counted_apart():
    triplets = np.array([[4, 1, 0], [0, 1, 4], [1, 2, 3]])
    unique, counts = count_choices(triplets, np.array([0, 0, 1]))
    assert unique.tolist() == [[0, 1, 4], [1, 2, 3]]
    # 4 is odd: pair (0, 1); 0 is odd: pair (1, 4); 2 is odd: pair (1, 3)
    assert counts.tolist() == [[1, 0, 1], [0, 1, 0]]


@given(COUNTS)
@settings(deadline=None)
def test_leave_one_out_equals_asking_each_person_in_turn(rows):
    counts = np.array(rows)
    for row, value in zip(counts, leave_one_out_majority(counts), strict=True):
        people = [pair for pair in range(3) for _ in range(row[pair])]
        credits = []
        for person, choice in enumerate(people):
            others = people[:person] + people[person + 1 :]
            votes = [others.count(pair) for pair in range(3)]
            majority = [pair for pair in range(3) if votes[pair] == max(votes)]
            credits.append((choice in majority) / len(majority))
        assert value == pytest.approx(np.mean(credits))


@given(COUNTS)
@settings(deadline=None)
def test_no_model_agrees_with_more_than_the_majority_share(rows):
    counts = np.array(rows)
    similarities = np.random.default_rng(len(rows)).normal(size=counts.shape)
    shares = num_correct(similarities, counts) / counts.sum(axis=1)
    assert (shares <= majority_share(counts) + 1e-12).all()


def test_correct_responses_are_those_that_chose_the_most_similar_pair():
    similarities = np.array([[3.0, 1.0, 2.0], [0.0, 0.5, 0.1]])
    counts = np.array([[4, 2, 1], [0, 3, 9]])
    assert num_correct(similarities, counts).tolist() == [4.0, 3.0]


def test_a_collapsed_model_agrees_with_nobody():
    vectors = np.ones((5, 7), np.float32) * 0.1
    triplets = np.array([[0, 1, 2], [2, 3, 4]])
    similarities = pair_similarities(vectors, triplets)
    assert num_correct(similarities, np.full((2, 3), 5)).tolist() == [0.0, 0.0]
    assert expected_accuracy(similarities, np.full((2, 3), 1 / 3)).tolist() == [0.0, 0.0]


def test_expected_accuracy_is_the_probability_of_the_choice():
    similarities = np.array([[3.0, 1.0, 2.0]])
    assert expected_accuracy(similarities, np.array([[0.2, 0.5, 0.3]])).tolist() == [0.2]


def test_entropy_of_agreement_and_of_indifference():
    entropies = choice_entropy(np.array([[7, 0, 0], [3, 3, 3]]))
    assert entropies == pytest.approx([0.0, np.log(3)])


def test_the_same_shares_of_other_pairs_have_the_same_entropy_to_the_last_bit():
    counts = np.array([*itertools.permutations((1, 4, 9)), *itertools.permutations((2, 8, 18))])
    assert len(set(choice_entropy(counts).tolist())) == 1


@pytest.mark.parametrize("num_responses", [5, 20, 200])
def test_the_corrected_mean_entropy_is_nearer_the_truth(num_responses):
    random = np.random.default_rng(0)
    shares = random.dirichlet((1.5, 1.0, 0.7), size=2000)
    truth = float(-(shares * np.log(shares)).sum(axis=1).mean())
    counts = np.array([random.multinomial(num_responses, own) for own in shares])
    plug_in = float(choice_entropy(counts).mean())
    corrected = mean_entropy_of_people(counts)
    assert plug_in < corrected
    assert abs(corrected - truth) < 0.7 * abs(plug_in - truth)


def test_the_corrected_mean_entropy_is_literal_and_at_most_log_three():
    counts = np.array([[4, 0, 0], [2, 1, 1], [3, 1, 0]])
    literal = np.mean([choice_entropy(counts)[k] + (m - 1) / 8 for k, m in enumerate((1, 3, 2))])
    assert mean_entropy_of_people(counts) == pytest.approx(literal)
    assert mean_entropy_of_people(np.ones((2, 3), dtype=np.int64)) == pytest.approx(np.log(3))
    assert np.isnan(mean_entropy_of_people(np.empty((0, 3), dtype=np.int64)))
