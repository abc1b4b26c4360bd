"""Near categories become neighbours, whatever order they were in."""

import numpy as np

from alignet_ray.functional.category_order import category_order


def test_points_on_a_line_are_laid_in_their_order():
    random = np.random.default_rng(0)
    places = random.permutation(9).astype(float) ** 1.1
    distances = np.abs(places[:, None] - places[None])
    np.fill_diagonal(distances, np.nan)  # a category of one image has no distance to itself
    found = places[category_order(distances - 3.0)]
    assert (np.diff(found) > 0).all() or (np.diff(found) < 0).all()


def test_two_or_fewer_stay_as_they_are():
    for size in range(3):
        assert category_order(np.zeros((size, size))).tolist() == list(range(size))
