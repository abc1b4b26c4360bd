"""Folds part the objects, and triplets stay inside one set of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.object_folds import fold_of_objects, is_within, random_triplets
from alignet_ray.functional.random_streams import RandomStream


@given(num_objects=st.integers(1, 200), num_folds=st.integers(2, 7), seed=st.integers(0, 9))
def test_folds_part_the_objects_evenly(num_objects, num_folds, seed):
    folds = fold_of_objects(num_objects, num_folds, seed)
    sizes = np.bincount(folds, minlength=num_folds)
    assert sizes.sum() == num_objects
    assert len(sizes) == num_folds
    assert sizes.max() - sizes.min() <= 1


def test_folds_are_those_of_the_seed():
    first, again, other = (fold_of_objects(100, 3, seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@given(seed=st.integers(0, 100))
def test_within_is_all_three(seed):
    random = np.random.default_rng(seed)
    objects = random.random(9) < 0.6
    triplets = np.array([random.permutation(9)[:3] for _ in range(20)])
    expected = [all(objects[i] for i in triplet) for triplet in triplets.tolist()]
    assert is_within(triplets, objects).tolist() == expected


def test_drawn_triplets_are_distinct_and_inside():
    objects = np.zeros(20, dtype=bool)
    objects[[1, 4, 5, 9, 17]] = True
    triplets = random_triplets(np.flatnonzero(objects), 500, RandomStream(0, "x"))
    assert is_within(triplets, objects).all()
    assert (np.diff(np.sort(triplets, axis=1), axis=1) > 0).all()
    assert len(np.unique(np.sort(triplets, axis=1), axis=0)) == 10, "all of five choose three"
