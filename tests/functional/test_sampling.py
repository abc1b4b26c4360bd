"""The law of the draws: uniform over eligible clusters, uniform inside, no image twice."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.functional.sampling import (
    draw_groups,
    draw_random_groups,
    members_by_cluster,
    pool_statistics,
)

# Clusters 0..4 of sizes 3, 1, 6, 2, 4, mixed with rows that belong to none.
IDS = np.array([2, 0, -1, 4, 2, 3, 0, 2, -1, 4, 1, 2, 0, 3, 4, 2, 4, -1, 2])
NUM_GROUPS = 40_000

GOLDEN_P_BY_K = [[14, 16, 11, 7], [14, 9, 13, 5], [6, 1, 5, 13]]
GOLDEN_BORDER = [[14, 16, 10], [11, 7, 6], [14, 9, 10]]
GOLDEN_WITHIN = [[6, 1, 12], [6, 12, 1], [7, 0, 4]]
GOLDEN_RANDOM = [[18, 1, 4], [11, 16, 0], [3, 18, 13]]

ID_LISTS = st.lists(st.integers(-1, 4), max_size=40).map(lambda ids: np.array(ids, dtype=np.int64))


def stream(seed=0):
    return RandomStream(seed, "test")


def drawn_from_ids(blocks, num_groups=NUM_GROUPS, seed=0):
    members = members_by_cluster(IDS, 5)
    return draw_groups(stream(seed), members, blocks=blocks, num_groups=num_groups)


def p_value_is_sane(counts, probabilities):
    """A chi-square test at about 1 in 10,000 (Wilson and Hilferty's approximation)."""
    expected = np.asarray(probabilities) * np.sum(counts)
    statistic = ((np.asarray(counts) - expected) ** 2 / expected).sum()
    degrees = len(expected) - 1
    z = ((statistic / degrees) ** (1 / 3) - (1 - 2 / (9 * degrees))) / np.sqrt(2 / (9 * degrees))
    return z < 3.72


@given(ID_LISTS)
def test_members_are_the_rows_of_each_cluster_in_order(ids):
    members = members_by_cluster(ids, 5)
    for cluster in range(5):
        start, size = members.starts[cluster], members.sizes[cluster]
        rows = members.order[start : start + size]
        np.testing.assert_array_equal(rows, np.flatnonzero(ids == cluster))


def test_draws_are_golden():
    assert drawn_from_ids((2, 2), 3).tolist() == GOLDEN_P_BY_K
    assert drawn_from_ids((2, 1), 3).tolist() == GOLDEN_BORDER
    assert drawn_from_ids((3,), 3).tolist() == GOLDEN_WITHIN
    drawn = draw_random_groups(stream(), np.flatnonzero(IDS >= 0), group_size=3, num_groups=3)
    assert drawn.tolist() == GOLDEN_RANDOM


@given(ID_LISTS, st.sampled_from([(2, 2), (3, 3), (2, 1), (3,), (1, 1, 1)]), st.integers(0, 99))
def test_draws_respect_clusters_and_never_repeat_an_image(ids, blocks, seed):
    members = members_by_cluster(ids, 5)
    try:
        rows = draw_groups(stream(seed), members, blocks=blocks, num_groups=20)
    except ValueError:
        eligible = (np.bincount(ids[ids >= 0], minlength=5) >= max(blocks)).sum()
        some = len(set(ids[ids >= 0].tolist()))
        assert eligible < len(blocks) or some < 2
        return
    starts = np.cumsum([0, *blocks[:-1]])
    for row in rows:
        assert len(set(row.tolist())) == sum(blocks)
        clusters = [set(ids[row[s : s + n]].tolist()) for s, n in zip(starts, blocks, strict=True)]
        assert all(len(inside) == 1 and -1 not in inside for inside in clusters)
        assert len(set.union(*clusters)) == len(blocks)


def test_pairs_of_clusters_are_uniform_over_the_eligible():
    clusters = IDS[drawn_from_ids((2, 2))][:, [0, 2]]
    eligible = [0, 2, 3, 4]
    pairs = list(itertools.permutations(eligible, 2))
    counts = [(clusters == pair).all(axis=1).sum() for pair in pairs]
    assert sum(counts) == NUM_GROUPS
    assert p_value_is_sane(counts, np.full(len(pairs), 1 / len(pairs)))


@pytest.mark.parametrize("cluster", [0, 2, 3, 4])
def test_ordered_images_are_uniform_inside_a_cluster(cluster):
    rows = drawn_from_ids((2, 2)).reshape(-1, 2)
    rows = rows[IDS[rows[:, 0]] == cluster]
    choices = list(itertools.permutations(np.flatnonzero(cluster == IDS).tolist(), 2))
    counts = [(rows == choice).all(axis=1).sum() for choice in choices]
    assert sum(counts) == len(rows)
    assert p_value_is_sane(counts, np.full(len(choices), 1 / len(choices)))


def test_a_border_triplet_takes_its_pair_uniformly_and_its_third_from_the_others_uniformly():
    clusters = IDS[drawn_from_ids((2, 1))]
    assert (clusters[:, 0] == clusters[:, 1]).all()
    pairs = [(a, b) for a in (0, 2, 3, 4) for b in range(5) if a != b]
    counts = [(clusters[:, [0, 2]] == pair).all(axis=1).sum() for pair in pairs]
    assert sum(counts) == NUM_GROUPS
    assert p_value_is_sane(counts, np.full(len(pairs), 1 / len(pairs)))


def test_a_within_group_takes_its_cluster_uniformly():
    clusters = IDS[drawn_from_ids((3,))]
    counts = [(clusters == cluster).all(axis=1).sum() for cluster in (0, 2, 4)]
    assert sum(counts) == NUM_GROUPS
    assert p_value_is_sane(counts, np.full(3, 1 / 3))


def test_random_groups_are_uniform_over_all_ordered_choices():
    rows = np.array([4, 7, 8, 20])
    drawn = draw_random_groups(stream(), rows, group_size=3, num_groups=NUM_GROUPS)
    choices = list(itertools.permutations(rows.tolist(), 3))
    counts = [(drawn == choice).all(axis=1).sum() for choice in choices]
    assert sum(counts) == NUM_GROUPS
    assert p_value_is_sane(counts, np.full(len(choices), 1 / len(choices)))


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ((2,) * 5, "4 clusters with 2 images; expected 5 or more"),
        ((7,), "no cluster with 7 images; expected at least one"),
        ((3, 2), r"blocks are \(3, 2\); expected equal sizes, one block, or \(2, 1\)"),
    ],
)
def test_what_the_pool_cannot_fill_is_refused(blocks, message):
    with pytest.raises(ValueError, match=message):
        drawn_from_ids(blocks, 1)


def test_a_border_needs_a_second_cluster():
    members = members_by_cluster(np.array([0, 0, 0]), 2)
    with pytest.raises(ValueError, match="1 clusters with 2 images and 1 in all"):
        draw_groups(stream(), members, blocks=(2, 1), num_groups=1)


def test_random_groups_need_enough_images():
    with pytest.raises(ValueError, match="2 images; expected at least 3"):
        draw_random_groups(stream(), np.arange(2), group_size=3, num_groups=1)


@given(ID_LISTS, st.integers(1, 4))
def test_the_largest_number_of_blocks_can_be_drawn_and_one_more_cannot(ids, size):
    members = members_by_cluster(ids, 5)
    largest = len(members.eligible(size))
    assume(largest >= 2)
    draw_groups(stream(), members, blocks=(size,) * largest, num_groups=1)
    with pytest.raises(ValueError, match="expected"):
        draw_groups(stream(), members, blocks=(size,) * (largest + 1), num_groups=1)


@given(ID_LISTS, st.integers(1, 4))
def test_statistics_are_those_of_the_law_image_by_image(ids, minimum):
    inside = ids[ids >= 0]
    assume(len(inside) > 0)
    found = pool_statistics(members_by_cluster(ids, 5), minimum)
    sizes = np.bincount(inside, minlength=5)
    eligible = {c for c in range(5) if sizes[c] >= minimum}
    law = [1 / len(eligible) / sizes[c] if c in eligible else 0.0 for c in inside.tolist()]
    share = np.mean([c in eligible for c in inside.tolist()])
    distance = 0.5 * np.abs(np.array(law) - 1 / len(inside)).sum() if eligible else 1.0
    assert found.num_images == len(inside)
    assert found.num_eligible_clusters == len(eligible)
    assert found.eligible_share == pytest.approx(share)
    assert found.distance_from_uniform == pytest.approx(distance)


def test_statistics_of_an_empty_pool_say_that_nothing_can_be_drawn():
    found = pool_statistics(members_by_cluster(np.array([-1, -1]), 3), 1)
    assert (found.num_images, found.eligible_share, found.distance_from_uniform) == (0, 0.0, 1.0)
