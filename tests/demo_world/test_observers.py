import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.demo_world.categories import CATEGORIES, NUM_CATEGORIES, levels_shared
from alignet_ray.demo_world.observers import ceiling, pair_probabilities, simulate_responses
from alignet_ray.errors import ConfigError
from alignet_ray.functional.odd_one_out import PAIR_ORDER

INDEX = {category.subordinate: index for index, category in enumerate(CATEGORIES)}
CATEGORY = st.integers(0, NUM_CATEGORIES - 1)
TRIPLET = st.tuples(CATEGORY, CATEGORY, CATEGORY)


@given(TRIPLET)
def test_probabilities_sum_to_one_and_follow_the_tree(triplet: tuple[int, int, int]) -> None:
    row = np.array([triplet])
    probabilities = pair_probabilities(row)[0]
    shared = np.array([levels_shared(row[:, i], row[:, j])[0] for i, j in PAIR_ORDER])
    assert probabilities.dtype == np.float64
    assert probabilities.sum() == pytest.approx(1)
    for p, q in itertools.permutations(range(3), 2):
        assert (shared[p] > shared[q]) == (probabilities[p] > probabilities[q] + 1e-12)


@given(TRIPLET, st.permutations(range(3)))
def test_permuting_images_permutes_pairs(triplet: tuple[int, int, int], order: list[int]) -> None:
    straight = pair_probabilities(np.array([triplet]))[0]
    permuted = pair_probabilities(np.array([[triplet[k] for k in order]]))[0]
    pair_of = {frozenset(pair): p for p, pair in enumerate(PAIR_ORDER)}
    expected = [straight[pair_of[frozenset((order[i], order[j]))]] for i, j in PAIR_ORDER]
    np.testing.assert_allclose(permuted, expected)


def test_one_level_is_worth_the_sharpness() -> None:
    triplet = np.array([[INDEX["duck"], INDEX["shark"], INDEX["tram"]]])
    probabilities = pair_probabilities(triplet, sharpness=1.5)[0]
    np.testing.assert_allclose(np.log(probabilities[0] / probabilities[1:]), 1.5)


def test_responses_follow_the_law() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.0, 0.5, 0.5]])
    responses = simulate_responses(
        np.repeat(probabilities, 5000, axis=0),
        responses_per_triplet=3,
        num_subjects=7,
        rng=np.random.default_rng(0),
    )
    for k, law in enumerate(probabilities):
        mine = responses.odd_one_out[responses.triplet // 5000 == k]
        left_out = np.bincount(mine, minlength=3) / len(mine)
        np.testing.assert_allclose(left_out[::-1], law, atol=0.02)


def test_nobody_answers_a_triplet_twice() -> None:
    responses = simulate_responses(
        np.full((200, 3), 1 / 3),
        responses_per_triplet=5,
        num_subjects=6,
        rng=np.random.default_rng(1),
    )
    asked = set(zip(responses.triplet.tolist(), responses.subject.tolist(), strict=True))
    assert len(asked) == len(responses.triplet) == 1000
    assert set(responses.subject.tolist()) == set(range(6))


def test_more_responses_than_subjects_are_refused() -> None:
    with pytest.raises(ConfigError, match="nobody answers a triplet twice"):
        simulate_responses(
            np.full((1, 3), 1 / 3),
            responses_per_triplet=3,
            num_subjects=2,
            rng=np.random.default_rng(2),
        )


def test_the_ceiling_is_the_mean_of_the_likeliest() -> None:
    assert ceiling(np.array([[0.8, 0.1, 0.1], [0.2, 0.3, 0.5]])) == pytest.approx(0.65)
