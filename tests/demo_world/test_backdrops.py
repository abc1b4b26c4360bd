import itertools

import numpy as np
import pytest

from alignet_ray.demo_world.backdrops import backdrop
from alignet_ray.demo_world.scenes import BACKGROUNDS

SIZE = 48


@pytest.mark.parametrize("background", range(len(BACKGROUNDS)))
def test_a_backdrop_fills_the_picture_and_shifts(background: int) -> None:
    windows = [backdrop(background, shift, SIZE) for shift in (0.0, 0.5, 0.999)]
    assert {window.shape for window in windows} == {(SIZE, SIZE, 3)}
    assert all(window.min() >= 0 and window.max() <= 255 for window in windows)
    assert not np.array_equal(windows[0], windows[1])


def test_backdrops_differ_in_their_mean_colour() -> None:
    means = [backdrop(k, 0.3, SIZE).mean(axis=(0, 1)) for k in range(len(BACKGROUNDS))]
    for first, second in itertools.combinations(means, 2):
        assert np.abs(first - second).max() > 8
