from collections import Counter

import numpy as np
import pytest

from alignet_ray.demo_world.categories import (
    CATEGORIES,
    NUM_CATEGORIES,
    NUM_LEVELS,
    SUPERORDINATES,
    level_shared,
    levels_shared,
    paths,
)

INDEX = {category.subordinate: index for index, category in enumerate(CATEGORIES)}


def test_the_tree_is_balanced() -> None:
    assert NUM_CATEGORIES == len(INDEX) == 24
    assert set(Counter(c.superordinate for c in CATEGORIES).values()) == {6}
    assert set(Counter(c.basic for c in CATEGORIES).values()) == {2}
    assert {c.superordinate for c in CATEGORIES} == set(SUPERORDINATES)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("duck", "duck", 3),
        ("duck", "flamingo", 2),
        ("duck", "shark", 1),
        ("duck", "tram", 0),
    ],
)
def test_levels_shared_follows_the_tree(first: str, second: str, expected: int) -> None:
    assert level_shared(INDEX[first], INDEX[second]) == expected


def test_levels_shared_is_symmetric_and_an_ultrametric() -> None:
    every = np.arange(NUM_CATEGORIES)
    shared = levels_shared(*np.meshgrid(every, every))
    assert (shared == shared.T).all()
    assert (shared.diagonal() == NUM_LEVELS).all()
    through_a_third = np.minimum(shared[:, :, None], shared[None, :, :]).max(axis=1)
    assert (shared >= through_a_third).all()


def test_paths_name_what_the_tree_names() -> None:
    for index, category in enumerate(CATEGORIES):
        superordinate, _, subordinate = paths(np.array([index]))[0].tolist()
        assert SUPERORDINATES[superordinate] == category.superordinate
        assert CATEGORIES[subordinate] == category
