"""Triplets of groups against brute force, and their similarities against literal gathers."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.groups import (
    BORDER_STRATEGIES,
    STRATEGIES,
    WITHIN_STRATEGIES,
    gram_pair_similarities,
    least_cluster_size,
    num_triplets,
    strategy_fault,
    triplet_positions,
)

BLOCKS = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)
strategies = pytest.mark.parametrize("strategy", STRATEGIES)


def brute_force(strategy, blocks):
    """Every three images of the group that the strategy's sentence allows, as sets."""
    block_of = np.repeat(np.arange(len(blocks)), blocks)
    kinds = {1: WITHIN_STRATEGIES, 2: BORDER_STRATEGIES, 3: ()}
    return {
        frozenset(three)
        for three in itertools.combinations(range(sum(blocks)), 3)
        if strategy == "random" or strategy in kinds[len({int(block_of[i]) for i in three})]
    }


@strategies
@given(blocks=BLOCKS)
def test_the_triplets_are_those_of_brute_force_each_once(strategy, blocks):
    found = [frozenset(row) for row in triplet_positions(strategy, blocks).tolist()]
    assert len(set(found)) == len(found)
    assert set(found) == brute_force(strategy, blocks)


@strategies
@given(blocks=BLOCKS)
def test_the_count_is_the_number_of_triplets(strategy, blocks):
    assert num_triplets(strategy, blocks) == len(triplet_positions(strategy, blocks))


@pytest.mark.parametrize("strategy", BORDER_STRATEGIES)
@given(blocks=BLOCKS)
def test_the_outsider_of_a_border_triplet_stands_last(strategy, blocks):
    block_of = np.repeat(np.arange(len(blocks)), blocks)
    triplets = block_of[triplet_positions(strategy, blocks)]
    assert (triplets[:, 0] == triplets[:, 1]).all()
    assert (triplets[:, 0] != triplets[:, 2]).all()


@pytest.mark.parametrize(
    ("strategy", "blocks", "count"),
    [
        ("cluster_border", (2, 1), 1),
        ("cluster_border", (4,) * 48, 48 * 6 * 47 * 4),
        ("class_border", (2,) * 3, 3 * 1 * 4),
        ("within_cluster", (3,), 1),
        ("within_class", (4, 4), 2 * 4),
        ("random", (192,), 192 * 191 * 190 // 6),
    ],
)
def test_counts_of_the_design(strategy, blocks, count):
    assert num_triplets(strategy, blocks) == count


@given(st.integers(0, 1000), BLOCKS.filter(lambda blocks: sum(blocks) >= 3))
def test_the_gather_is_the_literal_one(seed, blocks):
    gram = torch.from_numpy(np.random.default_rng(seed).normal(size=(2, sum(blocks), sum(blocks))))
    triplets = torch.from_numpy(triplet_positions("random", blocks))
    found = gram_pair_similarities(gram, triplets)
    literal = [[[g[i, j], g[i, k], g[j, k]] for i, j, k in triplets.tolist()] for g in gram.numpy()]
    np.testing.assert_array_equal(found.numpy(), np.array(literal))


def test_gradients_flow_through_the_gather():
    gram = torch.zeros(4, 4, requires_grad=True)
    triplets = torch.from_numpy(triplet_positions("random", (4,)))
    gram_pair_similarities(gram, triplets).sum().backward()
    assert gram.grad.tolist() == [[0, 2, 2, 2], [0, 0, 2, 2], [0, 0, 0, 2], [0, 0, 0, 0]]


GROUPS = st.sampled_from(
    [("cluster_border", (2, 1)), ("class_border", (3, 3, 3)), ("within_cluster", (4,)),
     ("within_class", (3, 3)), ("random", (5,))]
)  # fmt: skip


def keeps_slowly(blocks, ids):
    """The rule, image by image: in one block the same, in two blocks another; none is below 0."""
    block_of = [number for number, size in enumerate(blocks) for _ in range(size)]
    pairs = itertools.combinations(range(len(ids)), 2)
    same = all((ids[i] == ids[j]) == (block_of[i] == block_of[j]) for i, j in pairs)
    return same and min(ids) >= 0


@given(group=GROUPS, data=st.data())
def test_a_strategy_is_kept_exactly_where_the_slow_rule_says(group, data):
    strategy, blocks = group
    size = sum(blocks)
    drawn = data.draw(st.lists(st.integers(-1, 3), min_size=size, max_size=size))
    ids = np.array(data.draw(st.sampled_from([drawn, np.repeat(range(len(blocks)), blocks)])))
    is_kept = strategy == "random" or keeps_slowly(blocks, ids.tolist())
    assert (strategy_fault(strategy, blocks, ids) is None) == is_kept


def test_a_broken_strategy_is_said_in_words():
    ids = np.array([1, 1, 2, 2])
    assert strategy_fault("cluster_border", (2, 2), ids) is None
    assert strategy_fault("cluster_border", (2, 2), ids[[0, 2, 1, 3]]) == (
        "block 0 does not share one"
    )
    assert strategy_fault("cluster_border", (2, 2), ids * 0) == "two blocks share one"
    assert strategy_fault("random", (3,), ids) == "4 images in blocks of 3"


@pytest.mark.parametrize(
    ("strategy", "least"),
    [("cluster_border", 4), ("within_cluster", 4), ("class_border", 1), ("random", 1)],
)
def test_only_groups_of_clusters_need_clusters_of_a_size(strategy, least):
    assert least_cluster_size(strategy, (4, 4)) == least
