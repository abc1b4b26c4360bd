"""Rows of distances: every relation of every model, paired changes, and why one is not defined."""

import numpy as np
import pytest

from alignet_ray.evaluation.hierarchy.distances import (
    DISTANCE,
    LEVELS,
    SEPARATION,
    distance_rows,
    separation_rows,
)
from alignet_ray.functional.hierarchy import relation_distances
from alignet_ray.functional.jackknife import jackknife_error

CONSTANT = "all distances between images are equal"


@pytest.fixture
def models(represented, vectors):
    before, after = vectors
    return [
        represented("s", "before", before),
        represented("s", "after", after),
        represented("lone", "as it is", before),
    ]


def found_of(models, categories):
    return [relation_distances(own.read(), categories) for own in models]


def test_each_model_has_a_row_of_each_relation_and_changes_are_paired(models, categories):
    found = found_of(models, categories)
    figures, changes = distance_rows(models, found, categories, DISTANCE, layer="block:1")
    assert [row["level"] for row in figures] == [level for level in LEVELS for _ in models]
    assert {row["layer"] for row in (*figures, *changes)} == {"block:1"}
    own = {(row["label"], row["variant"], row["level"]): row for row in figures}
    same = own["s", "after", "same basic"]
    assert same["estimate"] == pytest.approx(found[1].mean[1], abs=1e-6)
    assert (same["num"], same["unit"]) == (int(found[1].num_pairs[1]), "pairs")
    (change,) = [
        row
        for row in changes
        if (row["label"], row["from"], row["level"]) == ("s", "before", "same superordinate")
    ]
    assert change["estimate"] == pytest.approx(found[1].mean[2] - found[0].mean[2])
    error = jackknife_error(found[1].without[:, 2] - found[0].without[:, 2])
    assert change["high"] - change["low"] == pytest.approx(2 * 1.959964 * error)
    assert change["high"] < 0, "superordinate categories were drawn together"
    across = [row for row in changes if row["from"] == "s after"]
    assert [row["label"] for row in across] == ["lone"] * 4


def test_the_separation_is_the_last_relation_less_the_one_before(models, categories):
    found = found_of(models, categories)
    figures, changes = separation_rows(models, found, len(categories))
    assert [row["measure"] for row in figures] == [SEPARATION] * 3
    assert figures[1]["estimate"] == pytest.approx(found[1].mean[3] - found[1].mean[2])
    assert figures[1]["num"] == int(found[1].num_pairs[2:].sum())
    assert changes[0]["low"] > 0
    assert changes[0]["estimate"] == pytest.approx(figures[1]["estimate"] - figures[0]["estimate"])


def test_a_constant_model_is_not_defined_and_neither_is_its_change(models, categories):
    found = found_of(models, categories)
    found[1] = CONSTANT
    figures, changes = distance_rows(models, found, categories, DISTANCE)
    constant = [row for row in figures if row["variant"] == "after"]
    assert {row["undefined"] for row in constant} == {CONSTANT}
    assert all(row["estimate"] is None for row in constant)
    assert {row["undefined"] for row in changes} == {CONSTANT}
    assert separation_rows(models, found, 48)[0][1]["undefined"] == CONSTANT


def test_one_image_of_each_class_has_no_pairs_of_one_class(models):
    numbers = np.arange(48)
    categories = np.stack([numbers, numbers // 4, numbers // 16], axis=1)
    found = found_of(models, categories)
    figures, changes = distance_rows(models, found, categories, DISTANCE)
    nothing = [row for row in (*figures, *changes) if row["level"] == "same class"]
    assert {(row["num"], row["estimate"]) for row in nothing} == {(0, None)}
    assert {row["undefined"] for row in nothing} == {"no two images of one class"}
    assert all(row["low"] is not None for row in figures if row["level"] == "same basic")


def test_a_single_pair_has_an_estimate_and_no_interval(models):
    numbers = np.arange(48)
    numbers[1] = 0
    categories = np.stack([numbers, numbers, numbers // 16], axis=1)
    figures, _ = distance_rows(models, found_of(models, categories), categories, DISTANCE)
    row = figures[0]
    assert (row["num"], row["low"], row["high"]) == (1, None, None)
    assert row["estimate"] is not None
    assert row["undefined"].startswith("no interval")
