"""The sampling law of whole shards, by chi-square, where the pool is the table and where it is not.

A draw's law in a pool is exact: uniform over the clusters (or classes) that have enough images in
that pool, uniform inside the cluster. Shards are added up, each with the law of its own pool. The
same tests reject a wrong law, so that they can fail.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from alignet_ray.functional.groups import CLASS_STRATEGIES
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.generation.labelling import draw_shard
from alignet_ray.records.clusters import CLUSTERS_FOLDER
from alignet_ray.records.parquet import read_parquet
from alignet_ray.records.parts import part_name

NUM_SHARDS, GROUPS_PER_SHARD = 80, 4000
LEAST_P, WRONG_P = 1e-4, 1e-6
WHOLE, POOLED = 10_000, 56

STRATEGIES = [
    ("cluster_border", (2, 2, 2)),
    ("cluster_border", (2, 1)),
    ("class_border", (3, 3)),
    ("class_border", (2, 1)),
    ("within_cluster", (3,)),
    ("within_class", (4,)),
    ("random", (3,)),
]  # fmt: skip


def p_value(observed, expected) -> float:
    """Of Pearson's statistic over the cells that can be drawn at all."""
    cells = expected > 0
    assert not observed[~cells].any()
    statistic = ((observed[cells] - expected[cells]) ** 2 / expected[cells]).sum()
    degrees = torch.tensor((cells.sum() - 1) / 2, dtype=torch.float64)
    return float(torch.special.gammaincc(degrees, torch.tensor(statistic / 2)))


def pool_rows(shard, request) -> np.ndarray:
    """The table rows of a shard's pool: the first words of its stream choose the row groups."""
    split, size = request.split, request.layout.row_group_rows
    first, last = split.first_row // size, -(-split.last_row // size)
    count = -(-request.pool_rows // size)
    groups = np.arange(first, last)
    if count < len(groups):
        stream = RandomStream(request.seed, "label", split.split, shard)
        groups = groups[stream.distinct_integers(np.array([len(groups)]), count)[0]]
    rows = (groups[:, None] * size + np.arange(size)).reshape(-1)
    return rows[(rows >= split.first_row) & (rows < split.last_row)]


def ids_of(table, strategy) -> np.ndarray:
    """Cluster or class of every row of the table, -1 for none."""
    folder = table.root.folder(CLUSTERS_FOLDER)
    parts = [
        read_parquet(folder, part_name(part), ("cluster_id",)).column(0).to_numpy()
        for part in range(table.layout.num_parts)
    ]
    clusters = np.concatenate(parts)
    if strategy in CLASS_STRATEGIES:
        names = sorted({label for label in table.labels if label is not None})
        labels = np.array([-1 if x is None else names.index(x) for x in table.labels])
        return np.where(clusters >= 0, labels, -1)
    return np.where(clusters >= 0, 0 if strategy == "random" else clusters, -1)


def law(ids, rows, least) -> np.ndarray:
    """Probability of each row of the table to be the first image of a group, given the pool."""
    inside = np.full(len(ids), -1)
    inside[rows] = ids[rows]
    sizes = np.bincount(inside[inside >= 0], minlength=ids.max() + 1)
    eligible = sizes >= least
    is_eligible = (inside >= 0) & eligible[inside]
    return np.where(is_eligible, 1 / (eligible.sum() * np.maximum(sizes[inside], 1)), 0.0)


def requested(table, strategy, blocks, pool):
    request = table.label_request(strategy=strategy, blocks=blocks, pool_rows=pool)
    return replace(request, split=replace(request.split, groups_per_shard=GROUPS_PER_SHARD))


def first_images(request) -> np.ndarray:
    draws = [draw_shard(shard, request).image_ids[:, 0] for shard in range(NUM_SHARDS)]
    return np.bincount(np.concatenate(draws), minlength=request.layout.num_rows)


@pytest.mark.parametrize("pool", [WHOLE, POOLED], ids=["whole", "pooled"])
@pytest.mark.parametrize(("strategy", "blocks"), STRATEGIES)
def test_first_images_follow_the_exact_law_of_each_pool(table, strategy, blocks, pool):
    request = requested(table, strategy, blocks, pool)
    ids = ids_of(table, strategy)
    pools = [pool_rows(shard, request) for shard in range(NUM_SHARDS)]
    expected = GROUPS_PER_SHARD * sum(law(ids, rows, blocks[0]) for rows in pools)
    observed = first_images(request)
    assert p_value(observed, expected) > LEAST_P
    if strategy != "random":
        # Images uniform over the table is another law, and is told from this one.
        usable = expected > 0
        uniform = np.where(usable, observed.sum() / usable.sum(), 0.0)
        assert p_value(observed, uniform) < WRONG_P
    if pool == POOLED and strategy != "random":
        # So is the law that forgets the pools.
        split_rows = np.arange(request.split.first_row, request.split.last_row)
        forgetful = NUM_SHARDS * GROUPS_PER_SHARD * law(ids, split_rows, blocks[0])
        assert p_value(observed, forgetful) < WRONG_P


@pytest.mark.parametrize("strategy", ["cluster_border", "class_border"])
def test_the_other_side_of_a_border_is_uniform_over_the_other_clusters(table, strategy):
    request = requested(table, strategy, (2, 1), WHOLE)
    ids = ids_of(table, strategy)
    draws = np.concatenate([draw_shard(s, request).image_ids for s in range(NUM_SHARDS)])
    pairs = ids[draws[:, [0, 2]]]
    num_ids = ids.max() + 1
    observed = np.bincount(pairs[:, 0] * num_ids + pairs[:, 1], minlength=num_ids**2)
    expected = np.full((num_ids, num_ids), len(draws) / (num_ids * (num_ids - 1)))
    np.fill_diagonal(expected, 0)
    assert p_value(observed, expected.reshape(-1)) > LEAST_P


def test_row_groups_of_pools_are_uniform_without_replacement(table):
    request = requested(table, "cluster_border", (2, 1), POOLED)
    size = request.layout.row_group_rows
    num_shards = 2000
    groups = [np.unique(pool_rows(s, request) // size) for s in range(num_shards)]
    first, last = request.split.first_row // size, -(-request.split.last_row // size)
    count, total = POOLED // size, last - first
    assert {len(found) for found in groups} == {count}
    observed = np.bincount(np.concatenate(groups) - first, minlength=total)
    share = count / total
    # Each shard takes `count` of `total`, so the counts vary less than a multinomial's.
    spread = num_shards * share * (1 - share) * total / (total - 1)
    statistic = ((observed - num_shards * share) ** 2).sum() / spread
    degrees = torch.tensor((total - 1) / 2, dtype=torch.float64)
    assert float(torch.special.gammaincc(degrees, torch.tensor(statistic / 2))) > LEAST_P


@pytest.mark.parametrize("pool", [WHOLE, POOLED])
def test_a_shard_draws_from_its_pool_alone(table, pool):
    request = requested(table, "cluster_border", (2, 2), pool)
    for shard in range(10):
        assert np.isin(draw_shard(shard, request).image_ids, pool_rows(shard, request)).all()


def test_the_draws_of_a_shard_are_golden(table):
    request = table.label_request(blocks=(2, 2), pool_rows=POOLED)
    assert draw_shard(3, request).image_ids.tolist() == GOLDEN


GOLDEN = [[63, 56, 75, 77], [46, 85, 71, 83], [59, 138, 137, 72], [68, 77, 80, 61]]
