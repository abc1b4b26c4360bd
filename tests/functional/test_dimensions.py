"""The widest dimensions and the objects that have most of them."""

import numpy as np
import pytest

from alignet_ray.functional.dimensions import widest_dimensions

MEAN = np.array([[3.0, 0.0, 5.0, -9.0], [1.0, 0.0, 5.0, -9.0], [0.0, 0.0, 1.0, 0.5]])


def test_dimensions_come_by_their_weight_and_objects_by_theirs():
    first, second, third = widest_dimensions(MEAN, count=10, num_objects=2)
    assert (first.column, first.rows, first.weights) == (2, (0, 1), (5.0, 5.0))
    assert (second.column, second.rows, second.weights) == (0, (0, 1), (3.0, 1.0))
    assert (third.column, third.rows, third.weights) == (3, (2,), (0.5,))
    assert first.share == pytest.approx(11 / 15.5)


def test_shares_of_all_dimensions_add_to_1():
    random = np.random.default_rng(0)
    found = widest_dimensions(random.normal(size=(20, 7)), count=7, num_objects=3)
    assert sum(own.share for own in found) == pytest.approx(1)
    assert [own.share for own in found] == sorted((own.share for own in found), reverse=True)
    assert len(widest_dimensions(random.normal(size=(20, 7)), count=4, num_objects=3)) == 4


def test_an_embedding_without_weight_has_no_dimension():
    assert widest_dimensions(-np.ones((3, 2)), count=5, num_objects=5) == []
