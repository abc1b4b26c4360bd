"""Relations of images and drawn pairs, against listing every pair."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignet_ray.functional.category_pairs import (
    RELATIONS,
    drawn_pairs,
    numbered_categories,
    relations,
)
from alignet_ray.functional.random_streams import RandomStream

BASIC = {"pug": "dog", "beagle": "dog", "cobra": "snake", "sofa": "sofa"}
ABOVE = {"pug": "animal", "beagle": "animal", "cobra": "animal", "sofa": "furniture"}


def categories_of(classes):
    return numbered_categories(classes, BASIC, ABOVE).categories


def test_the_relation_is_the_lowest_level_that_is_shared():
    categories = categories_of(["pug", "pug", "beagle", "cobra", "sofa"])
    found = relations(categories[[0] * 4], categories[1:])
    assert [RELATIONS[number] for number in found] == list(RELATIONS)


def test_images_without_categories_are_left_out():
    found = numbered_categories(["pug", "ufo", "sofa"], BASIC, ABOVE)
    assert found.has_some.tolist() == [True, False, True]
    assert found.categories.shape == (2, 3)
    assert found.superordinates == ("animal", "furniture")
    assert numbered_categories(["ufo"], BASIC, ABOVE).categories.shape == (0, 3)


CLASSES = st.lists(st.sampled_from(sorted(BASIC)), min_size=2, max_size=14)


@given(CLASSES)
@settings(max_examples=15)
def test_all_pairs_are_listed_where_they_are_few(classes):
    categories = categories_of(classes)
    left, right = drawn_pairs(categories, 1000, RandomStream(0, "pairs"))
    found = sorted(tuple(sorted(pair)) for pair in zip(left.tolist(), right.tolist(), strict=True))
    assert found == list(combinations(range(len(classes)), 2))


@given(CLASSES, st.integers(1, 4))
@settings(max_examples=15)
def test_each_relation_has_so_many_different_pairs(classes, most):
    categories = categories_of(classes)
    left, right = drawn_pairs(categories, most, RandomStream(1, "pairs"))
    pairs = {tuple(sorted(pair)) for pair in zip(left.tolist(), right.tolist(), strict=True)}
    assert len(pairs) == len(left)
    every = np.array(list(combinations(range(len(classes)), 2)))
    there = np.bincount(relations(*categories[every.T]), minlength=4)
    drawn = np.bincount(relations(categories[left], categories[right]), minlength=4)
    assert drawn.tolist() == np.minimum(there, most).tolist()


def test_pairs_of_a_relation_are_drawn_uniformly_and_either_way_round():
    categories = categories_of(["pug"] * 4 + ["beagle"] * 3 + ["sofa"])
    counts = {}
    for seed in range(120):
        left, right = drawn_pairs(categories, 1, RandomStream(seed, "pairs"))
        is_basic = relations(categories[left], categories[right]) == 1
        pair = (int(left[is_basic][0]), int(right[is_basic][0]))
        counts[pair] = counts.get(pair, 0) + 1
    assert len(counts) == 24, "four pugs with three beagles, both ways round"
    assert max(counts.values()) < 18
    assert min(counts.values()) > 0


def test_the_same_stream_draws_the_same_pairs():
    categories = categories_of(["pug", "beagle", "cobra", "sofa"] * 5)
    first, second = (drawn_pairs(categories, 3, RandomStream(7, "pairs")) for _ in range(2))
    assert [side.tolist() for side in first] == [side.tolist() for side in second]
    assert first[0].tolist() != pytest.approx(first[1].tolist())
