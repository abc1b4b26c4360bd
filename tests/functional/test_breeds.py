"""BREEDS splits: laws on any tree, and the published ones on the real hierarchy."""

import hashlib
import json

import numpy as np
import pytest

from alignet_ray.functional.breeds import (
    BREEDS_TASKS,
    NO_SUPERCLASS,
    BreedsTask,
    breeds_labels,
    breeds_splits,
)
from alignet_ray.functional.class_tree import class_tree
from alignet_ray.records.class_hierarchy import read_class_hierarchy

# Digests of what the authors' own code (MadryLab/robustness, breeds_helpers) gives.
PUBLISHED = {
    ("entity13", "rand"): (13, 260, "5ed4e91c10f7c6c0"),
    ("entity13", "good"): (13, 260, "aaa007c379f48774"),
    ("entity13", "bad"): (13, 260, "98f93b1d2c2978fa"),
    ("entity30", "rand"): (30, 240, "53098de36b9b03ea"),
    ("entity30", "good"): (30, 240, "82a682060a52ff6d"),
    ("entity30", "bad"): (30, 240, "dfd3ba529f85f04b"),
    ("living17", "rand"): (17, 68, "1776b3a828612d39"),
    ("living17", "good"): (17, 68, "9d3c80b82f3f5808"),
    ("living17", "bad"): (17, 68, "ee4dda3ef86d7972"),
    ("nonliving26", "rand"): (26, 104, "32b008cc82d7e76e"),
    ("nonliving26", "good"): (26, 104, "f57c807b313a9c7a"),
    ("nonliving26", "bad"): (26, 104, "acdeeba47971c571"),
}


def tree():
    branches = {"dog": 4, "cat": 2, "bird": 5, "fish": 1}
    edges = [("root", "mammal"), ("root", "other"), ("mammal", "only"), ("only", "dog")]
    edges += [("only", "cat"), ("other", "bird"), ("other", "fish")]
    leaves = [(kind, f"{kind}{i}") for kind, num in branches.items() for i in range(num)]
    return class_tree(edges + leaves, [leaf for _, leaf in leaves], "root")


@pytest.mark.parametrize("kind", ["rand", "good", "bad"])
def test_domains_are_disjoint_and_of_one_superclass(kind):
    hierarchy = tree()
    splits = breeds_splits(hierarchy, BreedsTask(1, 4, None), kind)
    assert [split.superclass for split in splits] == ["mammal", "other"]
    for split in splits:
        assert len(split.source) == len(split.target) == 2
        assert not set(split.source) & set(split.target)
        assert {*split.source, *split.target} <= set(hierarchy.classes_below(split.superclass))


def test_good_splits_mix_the_branches_and_bad_ones_keep_them_apart():
    good, bad = (breeds_splits(tree(), BreedsTask(1, 6, None), kind)[0] for kind in ("good", "bad"))
    assert good.source == ("dog0", "dog1", "cat0")
    assert good.target == ("dog2", "dog3", "cat1")
    assert bad.source == ("dog0", "dog1", "dog2")
    assert bad.target == ("cat0", "cat1", "dog3")


def test_images_are_labelled_by_superclass_and_domain():
    splits = breeds_splits(tree(), BreedsTask(1, 6, None), "good")
    found = breeds_labels(["dog0", "dog2", "bird0", "ufo"], splits)
    assert found.superclass.tolist() == [0, 0, 1, NO_SUPERCLASS]
    assert found.is_target.tolist() == [False, True, found.is_target[2], False]


def test_too_few_superclasses_are_refused():
    with pytest.raises(ValueError, match="0 superclasses at level 1 with 99 classes"):
        breeds_splits(tree(), BreedsTask(1, 99, None))


@pytest.mark.real
def test_the_splits_are_the_published_ones(real_data):
    hierarchy = read_class_hierarchy(str(real_data / "hierarchy" / "modified"))
    for (name, kind), (num_superclasses, num_classes, digest) in PUBLISHED.items():
        splits = breeds_splits(hierarchy.tree, BREEDS_TASKS[name], kind)
        assert len(splits) == num_superclasses
        assert sum(len(own.source) + len(own.target) for own in splits) == num_classes
        text = json.dumps([[own.superclass, own.source, own.target] for own in splits])
        assert hashlib.sha256(text.encode()).hexdigest()[:16] == digest, (name, kind)
    living = breeds_splits(hierarchy.tree, BREEDS_TASKS["living17"])[0]
    assert hierarchy.names[living.superclass] == "salamander"
    assert [hierarchy.numbers[name] for name in living.source] == [27, 29]
    assert np.array([hierarchy.numbers[name] for name in living.target]).tolist() == [26, 28]
