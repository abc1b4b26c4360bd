"""The odd one stands last, nothing about a triplet changes, and draws are what they always were."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from alignet_ray.functional.groups import gram_pair_similarities, triplet_positions
from alignet_ray.functional.odd_one_out import PAIR_ORDER
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.functional.released_triplets import (
    drawn_triplets,
    is_odd_one_last,
    odd_one_last,
    triplet_gram,
)

TRIPLETS = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 20), st.just(3)),
    # Few values, so that ties are common.
    elements=st.one_of(st.sampled_from([-1.0, 0.0, 2.0]), st.floats(-1e6, 1e6, width=32)),
)


def by_hand(images, similarities):
    """Slow and literal: look every similarity up by the two images that it is of."""
    of_pair = {
        frozenset((images[i], images[j])): s
        for (i, j), s in zip(PAIR_ORDER, similarities, strict=True)
    }
    best = max(range(3), key=lambda p: (similarities[p], -p))
    left, right = PAIR_ORDER[best]
    (odd,) = {0, 1, 2} - {left, right}
    ordered = [images[left], images[right], images[odd]]
    return ordered, [of_pair[frozenset((ordered[i], ordered[j]))] for i, j in PAIR_ORDER]


@given(TRIPLETS)
def test_reordering_equals_the_one_by_hand(similarities):
    images = np.arange(3 * len(similarities)).reshape(-1, 3)
    found_images, found = odd_one_last(images, similarities)
    for row in range(len(images)):
        ordered, pairs = by_hand(images[row].tolist(), similarities[row].tolist())
        assert found_images[row].tolist() == ordered
        assert found[row].tolist() == pairs


@given(TRIPLETS)
def test_afterwards_the_odd_one_is_last_and_reordering_again_changes_nothing(similarities):
    images = np.arange(3 * len(similarities)).reshape(-1, 3)
    once = odd_one_last(images, similarities)
    assert is_odd_one_last(once[1]).all()
    for first, again in zip(once, odd_one_last(*once), strict=True):
        assert np.array_equal(first, again)


@pytest.mark.parametrize(
    ("similarities", "is_last"),
    [([3, 2, 1], True), ([3, 3, 3], True), ([2, 3, 1], False), ([2, 1, 3], False)],
)
def test_a_tie_is_no_violation(similarities, is_last):
    assert is_odd_one_last(np.array([similarities], np.float64)).tolist() == [is_last]


@given(hnp.arrays(np.float32, 3, elements=st.floats(-1e6, 1e6, width=32)))
def test_a_gram_matrix_gives_the_similarities_back(similarities):
    gram = triplet_gram(similarities)
    assert np.array_equal(gram, gram.T)
    assert not gram.diagonal().any()
    for strategy, blocks in (("cluster_border", (2, 1)), ("random", (3,)), ("within_class", (3,))):
        positions = torch.from_numpy(triplet_positions(strategy, blocks))
        pairs = gram_pair_similarities(torch.from_numpy(gram), positions)
        assert np.array_equal(pairs.numpy(), similarities[None])


@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 3))
def test_drawn_triplets_rise_and_are_as_many_as_asked(num_triplets, most, seed):
    drawn = drawn_triplets(RandomStream(seed, "x"), num_triplets, most)
    assert len(drawn) == min(most, num_triplets)
    assert (np.diff(drawn) > 0).all()
    assert set(drawn.tolist()) <= set(range(num_triplets))


def test_every_set_is_equally_likely():
    stream = RandomStream(0, "law")
    counts = dict.fromkeys(itertools.combinations(range(5), 2), 0)
    for _ in range(5000):
        counts[tuple(drawn_triplets(stream, 5, 2).tolist())] += 1
    expected = 5000 / len(counts)
    statistic = sum((count - expected) ** 2 / expected for count in counts.values())
    assert statistic < 27.9  # 99.9 % of chi squared with 9 degrees of freedom


def test_golden_draws():
    stream = RandomStream(0, "convert", "train", 3)
    assert drawn_triplets(stream, 54_144, 4).tolist() == [8612, 10884, 34574, 51414]
    assert drawn_triplets(stream, 20, None).tolist() == list(range(20))
    assert drawn_triplets(stream, 20, 5).tolist() == [3, 4, 5, 8, 18]
