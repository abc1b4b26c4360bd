"""Distances by relation, against one loop over all pairs; invariances; errors; regression."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy.spatial.distance import pdist

from alignet_ray.functional import hierarchy
from alignet_ray.functional.category_pairs import RELATIONS, relations
from alignet_ray.functional.hierarchy import (
    distance_moments,
    relation_distances,
    sampled_pairs,
)
from alignet_ray.functional.jackknife import jackknife_error
from alignet_ray.functional.mixed_effects import mixed_effects
from alignet_ray.functional.random_streams import RandomStream

NUM_IMAGES = 23


def world(seed=0, num_images=NUM_IMAGES):
    """Vectors whose superordinate categories move apart, and 8 classes of 4 basic ones of 2."""
    random = np.random.default_rng(seed)
    classes = random.integers(0, 8, num_images)
    categories = np.stack([classes, classes // 2, classes // 4], axis=1)
    before = random.normal(size=(num_images, 6)).astype(np.float32)
    after = before * 3 + 4 * categories[:, 2:]
    return before, after.astype(np.float32), categories


def literal(vectors, categories):
    """All pairs, their relations and z-scored distances, one after the other."""
    pairs = np.array(list(combinations(range(len(vectors)), 2)))
    exact = vectors.astype(np.float64)
    distances = np.array([np.linalg.norm(exact[i] - exact[j]) for i, j in pairs])
    scores = (distances - distances.mean()) / distances.std()
    return pairs, relations(*categories[pairs.T]), scores


def means(vectors, categories):
    _, relation, scores = literal(vectors, categories)
    return np.array([scores[relation == number].mean() for number in range(len(RELATIONS))])


@pytest.mark.parametrize("entries", [7, 5 * NUM_IMAGES, 1 << 20])
def test_distances_are_the_literal_ones_whatever_the_block(monkeypatch, entries):
    monkeypatch.setattr(hierarchy, "_ENTRIES_AT_ONCE", entries)
    _, after, categories = world()
    found = relation_distances(after, categories)
    pairs, relation, scores = literal(after, categories)
    for number in range(len(RELATIONS)):
        own = scores[relation == number]
        assert found.num_pairs[number] == len(own)
        assert found.mean[number] == pytest.approx(own.mean())
    above = np.sort(categories[pairs, 2], axis=1)
    for row, column in ((0, 0), (0, 1), (1, 1)):
        own = scores[(above == (row, column)).all(axis=1)]
        for place in ((row, column), (column, row)):
            assert found.by_superordinate[place] == pytest.approx(own.mean())
    assert found.mean[3] > 0.2, "superordinate categories were moved apart"
    assert (found.mean[:3] < 0).all()
    assert found.num_pairs.sum() == NUM_IMAGES * (NUM_IMAGES - 1) // 2


def test_without_an_image_the_means_are_those_of_the_others():
    _, after, categories = world()
    found = relation_distances(after, categories)
    for image in range(NUM_IMAGES):
        others = np.arange(NUM_IMAGES) != image
        assert found.without[image] == pytest.approx(means(after[others], categories[others]))


def test_the_jackknife_agrees_with_the_bootstrap_over_images():
    before, after, categories = world(num_images=120)
    old, new = (relation_distances(own, categories) for own in (before, after))
    random = np.random.default_rng(0)
    drawn = [random.integers(0, 120, 120) for _ in range(150)]

    def change(rows):
        different = (rows[:, None] != rows[None])[np.triu_indices(len(rows), 1)]
        changes = 0
        for vectors, sign in ((before, -1), (after, 1)):
            distances = pdist(vectors[rows].astype(np.float64))
            own = distances[different]
            changes = changes + sign * (distances - own.mean()) / own.std()
        relation = relations(*categories[rows][np.array(np.triu_indices(len(rows), 1))])
        return [changes[different & (relation == number)].mean() for number in range(4)]

    expected = np.std([change(rows) for rows in drawn], axis=0)
    for number in range(len(RELATIONS)):
        error = jackknife_error(new.without[:, number] - old.without[:, number])
        assert error == pytest.approx(expected[number], rel=0.35)


def test_scale_shift_rotation_and_the_order_of_images_change_nothing():
    _, after, categories = world()
    expected = relation_distances(after, categories).mean
    random = np.random.default_rng(1)
    rotation = np.linalg.qr(random.normal(size=(6, 6)))[0]
    moved = relation_distances(after @ rotation * 7 + 100, categories)
    assert moved.mean == pytest.approx(expected, abs=1e-5)
    order = random.permutation(NUM_IMAGES)
    permuted = relation_distances(after[order], categories[order])
    assert permuted.mean == pytest.approx(expected)


def test_a_missing_relation_is_nan_and_a_single_pair_has_no_error():
    before, _, _ = world()
    numbers = np.arange(NUM_IMAGES)
    numbers[1] = 0  # one pair of one class, every other image a class of its own
    categories = np.stack([numbers, numbers, numbers // 12], axis=1)
    found = relation_distances(before, categories)
    assert found.num_pairs[:2].tolist() == [1, 0]
    assert np.isfinite(found.mean[[0, 2, 3]]).all()
    assert np.isnan(found.mean[1])
    assert np.isnan(jackknife_error(found.without[:, 0]))
    assert np.isfinite(jackknife_error(found.without[:, 2]))


def test_equal_vectors_have_no_distances_to_compare():
    with pytest.raises(ValueError, match="all distances between images are equal"):
        distance_moments(np.full((5, 4), 0.1, dtype=np.float32))
    with pytest.raises(ValueError, match="2 images; expected at least 3"):
        distance_moments(np.eye(2))
    with pytest.raises(ValueError, match="the first in row 2"):
        distance_moments(np.array([[1.0], [np.nan], [2.0]]))


def test_sampled_pairs_have_the_changes_of_all():
    before, after, categories = world()
    pairs, _, old = literal(before, categories)
    changes = literal(after, categories)[2] - old
    of_pair = {tuple(pair): change for pair, change in zip(pairs.tolist(), changes, strict=True)}
    found = sampled_pairs(
        before,
        after,
        categories,
        (distance_moments(before), distance_moments(after)),
        most_per_relation=9,
        stream=RandomStream(0, "pairs"),
    )
    assert len(found.left) == 4 * 9
    for left, right, change in zip(found.left, found.right, found.change, strict=True):
        key = (min(int(left), int(right)), max(int(left), int(right)))
        assert change == pytest.approx(of_pair[key], abs=1e-9)


def simulated(seed=0, num_pairs=400):
    random = np.random.default_rng(seed)
    relation, group = random.integers(0, 4, num_pairs), random.integers(0, 9, num_pairs)
    effects = np.array([-1.0, -0.5, -0.25, 0.5])
    own = random.normal(scale=0.7, size=9)
    return effects[relation] + own[group] + random.normal(size=num_pairs), relation, group


def test_the_regression_is_that_of_statsmodels_formula():
    change, relation, group = simulated()
    found = mixed_effects(change, relation, group)
    frame = pd.DataFrame({"change": change, "group": group, "relation": relation})
    reference = "change ~ C(relation, Treatment(reference=3))"
    expected = smf.mixedlm(reference, frame, groups=frame["group"]).fit()
    names = [name for name in expected.fe_params.index if name != "Intercept"]
    assert found.has_converged
    assert (found.num_pairs, found.num_groups) == (400, 9)
    for name, effect in zip(names, found.effects.values(), strict=True):
        assert effect.coefficient == pytest.approx(expected.fe_params[name], abs=1e-6)
        assert effect.standard_error == pytest.approx(expected.bse_fe[name], rel=1e-3)
        assert effect.p_value == pytest.approx(expected.pvalues[name], abs=1e-6)
    assert list(found.effects) == list(RELATIONS[:3])
    assert found.effects["same_class"].coefficient == pytest.approx(-1.5, abs=0.5)


def test_groups_take_what_is_common_to_their_pairs():
    change, relation, group = simulated()
    jumps = np.arange(9)[group] * 100.0
    plain, jumped = (mixed_effects(values, relation, group) for values in (change, change + jumps))
    for name, effect in plain.effects.items():
        assert jumped.effects[name].coefficient == pytest.approx(effect.coefficient, abs=0.02)
    assert jumped.group_variance > 1000 * plain.group_variance


def test_groups_that_do_not_differ_are_no_crash():
    random = np.random.default_rng(0)
    relation, group = random.integers(0, 4, 60), random.integers(0, 3, 60)
    found = mixed_effects(random.normal(size=60), relation, group)
    assert np.isfinite(found.intercept.coefficient)


@pytest.mark.parametrize(
    ("relation", "group", "said"),
    [
        ([3, 3, 3], [0, 1, 2], "only pairs of different_superordinate"),
        ([0, 1, 1], [0, 1, 2], "only pairs of same_class, same_basic"),
        ([0, 3, 3], [4, 4, 4], "1 clusters; expected at least 2"),
    ],
)
def test_what_cannot_be_regressed_is_refused(relation, group, said):
    with pytest.raises(ValueError, match=said):
        mixed_effects(np.arange(3.0), np.array(relation), np.array(group))
