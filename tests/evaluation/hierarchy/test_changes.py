"""Regressions and components of labels: those of the pure functions, or why there are none."""

import numpy as np
import pytest

from alignet_ray.evaluation.hierarchy.changes import (
    Asked,
    change_of_label,
    explained,
    is_before_and_after,
    places_by_label,
    regressions,
)
from alignet_ray.evaluation.representations import InMemory
from alignet_ray.functional.hierarchy import relation_distances

SHOWN = np.array([3, 5, 40])


def change_of(own, categories, *, is_pair=True, found=None):
    asked = Asked(
        places=[list(range(len(own)))],
        is_pair=[is_pair],
        pairs_per_relation=150,
        num_components=4,
        seed=0,
        shown=SHOWN,
    )
    found = found or [relation_distances(vectors, categories) for vectors in own]
    return change_of_label(0, [InMemory(vectors) for vectors in own], found, categories, asked)


def test_images_of_one_category_move_together_against_the_others(vectors, categories):
    change = change_of(list(vectors), categories)
    (told,) = regressions({"s": change})
    assert told["label"] == "s"
    assert set(told["effects"]) == {"same class", "same basic", "same superordinate"}
    for effect in told["effects"].values():
        assert effect["coefficient"] < 0
        assert effect["p_value"] < 0.001
    assert told["num_groups"] == 3
    assert told["num_pairs"] == 72 + 96 + 150 + 150
    assert change.projections[1].shape == (3, 2)


def test_components_are_those_of_each_variant(vectors, categories, represented):
    change = change_of(list(vectors), categories)
    models = [represented("s", v, own) for v, own in zip(("before", "after"), vectors, strict=True)]
    rows = explained({"s": change}, models)
    assert [row["variant"] for row in rows] == ["before", "after"]
    centred = vectors[1] - vectors[1].mean(axis=0)
    values = np.linalg.svd(centred, compute_uv=False) ** 2
    assert rows[1]["shares"] == pytest.approx((values / values.sum())[:4], abs=1e-6)


def test_a_model_alone_has_components_and_no_regression(vectors, categories):
    change = change_of([vectors[0]], categories, is_pair=False)
    assert regressions({"lone": change}) == []
    assert len(change.explained) == 1


def test_vectors_of_one_dimension_lie_on_a_line(categories):
    line = np.arange(48.0)[:, None]
    change = change_of([line], categories, is_pair=False)
    assert (change.projections[0][:, 1] == 0).all()


@pytest.mark.parametrize(
    ("which", "said"),
    [("same", "no distance has changed"), ("constant", "all equal"), ("one", "only pairs of")],
)
def test_what_cannot_be_regressed_says_why(vectors, categories, which, said):
    before, after = vectors
    found = None
    if which == "same":
        after = before
    if which == "constant":
        after = np.ones_like(before)
        found = [relation_distances(before, categories), "all equal"]
    if which == "one":  # a single superordinate category: nothing to compare with
        categories = categories * np.array([1, 1, 0])
    (told,) = regressions({"s": change_of([before, after], categories, found=found)})
    assert said in told["undefined"]
    assert "effects" not in told


def test_labels_and_pairs(represented, vectors):
    names = [("a", "before"), ("a", "after"), ("b", "as it is"), ("c", "after")]
    models = [represented(label, variant, vectors[0]) for label, variant in names]
    places = places_by_label(models)
    assert places == {"a": [0, 1], "b": [2], "c": [3]}
    assert [is_before_and_after(models, own) for own in places.values()] == [True, False, False]
