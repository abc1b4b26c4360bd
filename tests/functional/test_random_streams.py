"""Golden words, and laws of what is made from them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.random_streams import RandomStream

NAMES = st.tuples(
    st.integers(0, 1 << 40), st.sampled_from(["label", "listing"]), st.integers(0, 99)
)
GOLDEN_WORDS = [3849660818535496179, 16138518094565765530, 4404508542052645504]
GOLDEN_INTEGERS = [[9, 30], [504, 202820219230]]
GOLDEN_DISTINCT = [[4, 3, 1, 2], [94, 555, 205, 865]]
GOLDEN_PERMUTATION = [4, 3, 0, 2, 6, 5, 7, 1]
CHI_SQUARE_9_DEGREES = 33.7  # 1 in 10,000


def dense_fisher_yates(stream, sizes, count):
    """The textbook's: an array of all places, swapped step by step, with the same words."""
    offsets = stream.integers(sizes[:, None] - np.arange(count))
    rows = []
    for size, row in zip(sizes, offsets, strict=True):
        places = list(range(size))
        for step, offset in enumerate(row):
            other = step + offset
            places[step], places[other] = places[other], places[step]
        rows.append(places[:count])
    return np.array(rows, dtype=np.int64).reshape(len(sizes), count)


def chi_square(counts, expected):
    return float(((counts - expected) ** 2 / expected).sum())


def stream():
    return RandomStream(3, "golden", "train", 7)


def test_words_are_golden():
    assert stream().words(3).tolist() == GOLDEN_WORDS


def test_integers_are_golden():
    bounds = np.array([[10, 100], [1000, 1 << 40]])
    assert stream().integers(bounds).tolist() == GOLDEN_INTEGERS


def test_distinct_integers_are_golden():
    assert stream().distinct_integers(np.array([5, 1000]), 4).tolist() == GOLDEN_DISTINCT


def test_a_permutation_is_golden():
    assert stream().permutation(8).tolist() == GOLDEN_PERMUTATION


def test_words_follow_on_from_each_other():
    one = stream()
    parts = np.concatenate([one.words(2), one.words(3)])
    np.testing.assert_array_equal(parts, stream().words(5))


@given(NAMES, NAMES)
def test_another_name_is_another_stream(left, right):
    words = [RandomStream(*name).words(4).tolist() for name in (left, right)]
    assert (words[0] == words[1]) == (left == right)


@pytest.mark.parametrize(
    ("left", "right"), [((1, "a", 23), (1, "a2", 3)), ((1, "ab", "c"), (1, "a", "bc"))]
)
def test_parts_of_a_name_do_not_run_together(left, right):
    assert RandomStream(*left).words(1) != RandomStream(*right).words(1)


def test_two_streams_are_not_correlated():
    words = [RandomStream(0, "label", shard).words(20_000) / 2.0**64 for shard in (0, 1)]
    assert abs(np.corrcoef(words[0], words[1])[0, 1]) < 4 / np.sqrt(20_000)


@given(NAMES, st.lists(st.integers(1, (1 << 63) - 1), max_size=20))
def test_integers_respect_their_bounds(name, bounds):
    limits = np.array(bounds, dtype=np.int64)
    drawn = RandomStream(*name).integers(limits)
    assert ((drawn >= 0) & (drawn < limits)).all()


def test_biased_words_are_drawn_again():
    # Of the bound 3 * 2^61 a quarter of all words is biased: plain modulo favours the low third.
    bound = 3 << 61
    drawn = stream().integers(np.full(30_000, bound))
    thirds = np.bincount(drawn // (1 << 61), minlength=3)
    assert chi_square(thirds, 10_000) < 18.4  # 2 degrees, 1 in 10,000


def test_integers_are_uniform():
    counts = np.bincount(stream().integers(np.full(50_000, 10)), minlength=10)
    assert chi_square(counts, 5000) < CHI_SQUARE_9_DEGREES


@given(
    NAMES,
    st.integers(0, 6).flatmap(
        lambda count: st.tuples(
            st.just(count), st.lists(st.integers(max(count, 1), 12), max_size=12)
        )
    ),
)
def test_distinct_integers_are_the_dense_fisher_yates(name, case):
    count, sizes = case
    array = np.array(sizes, dtype=np.int64)
    sparse = RandomStream(*name).distinct_integers(array, count)
    np.testing.assert_array_equal(sparse, dense_fisher_yates(RandomStream(*name), array, count))


@given(NAMES, st.integers(1, 30), st.integers(0, 10))
def test_distinct_integers_are_distinct_and_inside(name, count, more):
    drawn = RandomStream(*name).distinct_integers(np.full(5, count + more), count)
    assert all(len(set(row)) == count for row in drawn.tolist())
    assert ((drawn >= 0) & (drawn < count + more)).all()


def test_every_ordered_choice_is_equally_likely():
    drawn = stream().distinct_integers(np.full(60_000, 4), 3)
    codes, counts = np.unique(drawn @ [16, 4, 1], return_counts=True)
    assert len(codes) == 24
    assert chi_square(counts, 2500) < 56.5  # 23 degrees, 1 in 10,000


@given(NAMES, st.integers(0, 200))
def test_a_permutation_has_every_place_once(name, size):
    drawn = RandomStream(*name).permutation(size)
    assert sorted(drawn.tolist()) == list(range(size))


def test_every_permutation_is_equally_likely():
    source = stream()
    codes = [int(source.permutation(3) @ [9, 3, 1]) for _ in range(6000)]
    _, counts = np.unique(codes, return_counts=True)
    assert len(counts) == 6
    assert chi_square(counts, 1000) < 25.8  # 5 degrees, 1 in 10,000
