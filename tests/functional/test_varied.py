"""A list that no image fills."""

import numpy as np

from alignet_ray.functional.varied import varied

PAIRS = np.array([[0, 1], [0, 2], [0, 3], [1, 2], [4, 5], [1, 3]])


def test_an_image_comes_at_most_twice_and_the_order_stays():
    assert varied(PAIRS, 6).tolist() == [0, 1, 3, 4]
    assert varied(PAIRS, 2).tolist() == [0, 1]
    assert varied(PAIRS, 6, most_each=1).tolist() == [0, 4]


def test_nothing_of_nothing():
    assert varied(PAIRS[:0], 3).tolist() == []
