"""Nearest neighbours beside a literal search, and the objects that are chosen to show them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from alignet_ray.functional import neighbours
from alignet_ray.functional.neighbours import choose_objects, nearest_neighbours, num_shared
from alignet_ray.functional.random_streams import RandomStream

VECTORS = hnp.arrays(np.float64, (9, 3), elements=st.integers(-3, 3).map(float))


def literal(vectors, count):
    found = []
    for row, own in enumerate(vectors):
        others = [i for i in range(len(vectors)) if i != row]
        found.append(sorted(others, key=lambda i: (-float(own @ vectors[i]), i))[:count])
    return found


@given(VECTORS, st.integers(1, 12))
def test_neighbours_equal_a_literal_search(vectors, count):
    assert nearest_neighbours(vectors, count).tolist() == literal(vectors, count)


def test_blocks_of_rows_change_nothing(monkeypatch):
    vectors = np.random.default_rng(0).normal(size=(50, 4))
    whole = nearest_neighbours(vectors, 6)
    monkeypatch.setattr(neighbours, "_VALUES_AT_ONCE", 150)
    assert np.array_equal(nearest_neighbours(vectors, 6), whole)


@pytest.mark.parametrize("num_objects", [0, 1])
def test_one_object_has_no_neighbour(num_objects):
    assert nearest_neighbours(np.ones((num_objects, 2)), 6).shape == (num_objects, 0)


def test_shared_neighbours_are_counted_whatever_their_order():
    first, second = np.array([[1, 2, 3], [0, 2, 3]]), np.array([[3, 1, 9], [4, 5, 6]])
    assert num_shared(first, second).tolist() == [2, 0]
    assert num_shared(first, first).tolist() == [3, 3]


@given(hnp.arrays(np.int64, 20, elements=st.integers(0, 6)), st.integers(0, 50))
def test_the_most_changed_come_first_and_the_others_are_others(replaced, seed):
    most, others = choose_objects(
        replaced, num_most_changed=5, num_random=4, stream=RandomStream(seed, "test")
    )
    assert sorted(replaced[most].tolist(), reverse=True) == replaced[most].tolist()
    assert replaced[most].min() >= np.sort(replaced)[-5]
    assert (len(most), len(others)) == (5, 4)
    assert len({*most, *others}) == 9


def test_ties_and_others_are_drawn_evenly():
    counts = np.zeros((2, 8))
    for seed in range(400):
        chosen = choose_objects(
            np.array([6] * 4 + [1] * 4), num_most_changed=2, num_random=2,
            stream=RandomStream(seed, "test"),
        )  # fmt: skip
        for kind, rows in enumerate(chosen):
            counts[kind, rows] += 1
    assert counts[0, :4] == pytest.approx(200, abs=45)
    assert counts[0, 4:].sum() == 0
    assert counts[1, 4:] == pytest.approx(400 / 3, abs=45)
    assert counts[1, :4] == pytest.approx(200 / 3, abs=40)


def test_of_few_objects_all_are_chosen():
    chosen = choose_objects(
        np.array([1, 2, 0]), num_most_changed=8, num_random=4, stream=RandomStream(0, "test")
    )
    assert chosen == ([1, 0, 2], [])
