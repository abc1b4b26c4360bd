"""A part of many images: all of small classes, of larger ones equally many, at random."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.thinning import evenly_thinned


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.integers(1, 70))
def test_classes_are_as_even_as_their_sizes_allow(labels, most):
    numbers = np.array(labels)
    kept = evenly_thinned(numbers, most, 0, "test")
    assert len(kept) == min(most, len(numbers))
    assert (np.diff(kept) > 0).all()
    had, left = np.bincount(numbers, minlength=6), np.bincount(numbers[kept], minlength=6)
    cut = left < had
    if cut.any():
        assert left[cut].max() - left[cut].min() <= 1
        assert left.max() <= left[cut].min() + 1


def test_the_draw_is_the_seed_s_and_the_purpose_s():
    labels = np.repeat(np.arange(3), 40)
    draws = [evenly_thinned(labels, 10, *of).tolist() for of in ((0, "a"), (1, "a"), (0, "b"))]
    assert len({tuple(draw) for draw in draws}) == 3
    assert evenly_thinned(labels, 10, 0, "a").tolist() == draws[0]
    counts = np.bincount(
        np.concatenate([evenly_thinned(labels, 30, s, "a") for s in range(60)]), minlength=120
    )
    assert counts.min() > 3
