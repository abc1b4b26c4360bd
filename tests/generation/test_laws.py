"""Shards obey their laws: similarities, strategies, and the odds with which images are drawn.

Odds are tested by chi-square on what finished shards hold, at 1 in 10,000 with fixed seeds; the
same counts must be rejected under a wrong law, so that each test is known to be able to fail.
"""

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from alignet_ray.functional.groups import (
    BORDER_STRATEGIES,
    CLASS_STRATEGIES,
    STRATEGIES,
    WITHIN_STRATEGIES,
    triplet_positions,
)
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.generation import labelling
from alignet_ray.generation.labelling import make_shard
from alignet_ray.records.clusters import CLUSTERS_FOLDER
from alignet_ray.records.parquet import column_to_vectors, read_parquet
from alignet_ray.records.parts import part_name
from alignet_ray.records.shards import read_groups, read_sidecar, shard_folder

LEAST_P_VALUE = 1e-4
FIRST_TRAINING_ROW, NUM_ROWS = 30, 150
SHAPES = {
    "random": [(3,), (12,)],
    "cluster_border": [(2, 1), (3, 3), (4,) * 4],
    "class_border": [(2, 1), (3, 3), (4,) * 4],
    "within_cluster": [(3,), (5,)],
    "within_class": [(3,), (5,)],
}
CASES = [(strategy, blocks) for strategy in STRATEGIES for blocks in SHAPES[strategy]]
SMALL_CASES = [(strategy, blocks) for strategy, blocks in CASES if sum(blocks) <= 6]
cases = pytest.mark.parametrize(("strategy", "blocks"), CASES)


def request_of(table, strategy, blocks, num_groups, **changes):
    request = table.label_request(strategy=strategy, blocks=blocks, **changes)
    return replace(request, split=replace(request.split, groups_per_shard=num_groups))


def groups_of(request, shard):
    make_shard(shard, request)
    folder = shard_folder(request.root, request.split.split)
    record = read_sidecar(folder, shard)
    return read_groups(folder, record, 0, record.num_groups)


def drawn_images(request, shard):
    return np.array([group.image_ids for group in groups_of(request, shard)])


def clusters_of(table):
    """Cluster and transformed embedding of every row, as they lie on disk."""
    folder = table.root.folder(CLUSTERS_FOLDER)
    parts = [
        read_parquet(folder, part_name(part), ("cluster_id", "embedding"))
        for part in range(table.layout.num_parts)
    ]
    ids = np.concatenate([part.column("cluster_id").to_numpy() for part in parts])
    return ids, np.concatenate([column_to_vectors(part.column("embedding")) for part in parts])


def sources_of(table, strategy):
    """Per row the number of what its strategy draws from; -1 for what is never drawn."""
    ids, _ = clusters_of(table)
    if strategy == "random":
        return np.where(ids < 0, -1, 0)
    if strategy in CLASS_STRATEGIES:
        numbers = [
            -1 if label is None else int(label.removeprefix("label")) for label in table.labels
        ]
        return np.where(ids < 0, -1, numbers)
    return ids


@cases
def test_similarities_are_the_float64_dot_products_to_a_millionth_of_the_lengths(
    table, strategy, blocks
):
    vectors = clusters_of(table)[1].astype(np.float64)
    lengths = np.linalg.norm(vectors, axis=1)
    for group in groups_of(request_of(table, strategy, blocks, 20), 0):
        rows = list(group.image_ids)
        error = np.abs(group.similarities - vectors[rows] @ vectors[rows].T)
        assert (error <= 1e-6 * np.outer(lengths[rows], lengths[rows])).all()


@cases
def test_every_triplet_respects_its_strategy(table, strategy, blocks):
    sources = sources_of(table, strategy)
    for group in groups_of(request_of(table, strategy, blocks, 20), 0):
        assert (group.strategy, group.blocks) == (strategy, blocks)
        triplets = np.array(group.image_ids)[triplet_positions(strategy, blocks)]
        assert len(triplets) > 0
        first, second, third = sources[triplets].T
        assert (sources[triplets] >= 0).all()
        assert all(len(set(triplet)) == 3 for triplet in triplets.tolist())
        if strategy in BORDER_STRATEGIES:
            assert ((first == second) & (second != third)).all()
        elif strategy in WITHIN_STRATEGIES:
            assert ((first == second) & (second == third)).all()


def p_value(statistic, degrees):
    """Chance of a chi-square variable above the statistic."""
    arguments = (torch.tensor(value / 2, dtype=torch.float64) for value in (degrees, statistic))
    return torch.special.gammaincc(*arguments).item()


def chi_square(draws, law):
    """Statistic and degrees of freedom of drawn rows under a law over rows.

    What the law excludes must not be drawn; what it makes rare is counted together.
    """
    counts = np.bincount(draws, minlength=len(law))
    if counts[law == 0].any():
        return np.inf, 1
    expected = law * len(draws)
    assert expected[law > 0].min() >= 5, "too few draws for a chi-square test"
    inside = law > 0
    return (((counts - expected) ** 2)[inside] / expected[inside]).sum(), inside.sum() - 1


def test_the_chi_square_is_uniform_under_its_own_law_and_rejects_another():
    random = np.random.default_rng(0)
    law = np.array([0.4, 0.3, 0.2, 0.1, 0])
    values = [p_value(*chi_square(random.choice(5, 500, p=law), law)) for _ in range(400)]
    assert np.histogram(values, bins=4, range=(0, 1))[0].min() > 70
    wrong = np.array([0.3, 0.3, 0.3, 0.1, 0])
    assert p_value(*chi_square(random.choice(5, 500, p=wrong), law)) < LEAST_P_VALUE
    assert p_value(*chi_square(np.array([4] + [0] * 99), law)) == 0


def law_of_position(sources, blocks, position):
    """The odds of every row at one position of a group, by the sentence of the design: a source
    uniform among those with enough images, an image uniform inside it.
    """
    sizes = np.bincount(sources[sources >= 0])
    eligible = sizes >= max(blocks)
    odds_of_sources = eligible / eligible.sum()
    if blocks == (2, 1) and position == 2:  # any other source that has an image
        others = (sizes > 0).astype(float) * ~np.eye(len(sizes), dtype=bool)
        odds_of_sources = odds_of_sources @ (others / others.sum(axis=1, keepdims=True))
    odds = np.divide(odds_of_sources, sizes, out=np.zeros(len(sizes)), where=sizes > 0)
    return np.where(sources >= 0, odds[sources], 0.0)


def uniform_over_images(sources):
    return (sources >= 0) / (sources >= 0).sum()


def training_sources(table, strategy):
    sources = sources_of(table, strategy)
    return np.where(np.arange(len(sources)) >= FIRST_TRAINING_ROW, sources, -1)


@pytest.mark.slow
@pytest.mark.parametrize(("strategy", "blocks"), SMALL_CASES)
def test_the_whole_table_is_drawn_by_the_law(table, strategy, blocks):
    images = drawn_images(request_of(table, strategy, blocks, 2500), 0)
    sources = training_sources(table, strategy)
    for position in {0, sum(blocks) - 1}:
        law = law_of_position(sources, blocks, position)
        assert p_value(*chi_square(images[:, position], law)) > LEAST_P_VALUE


@pytest.mark.parametrize("blocks", [(2, 1), (3, 3)])
def test_images_uniform_over_the_table_would_be_found_out(make_uneven_table, blocks):
    table = make_uneven_table()
    images = drawn_images(request_of(table, "cluster_border", blocks, 2500), 0)
    sources = training_sources(table, "cluster_border")
    law, wrong = law_of_position(sources, blocks, 0), uniform_over_images(sources)
    assert p_value(*chi_square(images[:, 0], law)) > LEAST_P_VALUE
    assert p_value(*chi_square(images[:, 0], wrong)) < LEAST_P_VALUE


def pool_sources(request, table, strategy, shard):
    """Sources of the rows of a shard's pool; -1 for every other row."""
    sources = training_sources(table, strategy)
    stream = RandomStream(request.seed, "label", request.split.split, shard)
    layout = request.layout
    inside = np.zeros(len(sources), dtype=bool)
    for part, group in labelling._draw_row_groups(stream, request):
        start = part * layout.part_rows + group * layout.row_group_rows
        inside[start : start + layout.row_group_rows] = True
    return np.where(inside, sources, -1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strategy", "blocks"),
    [*((strategy, SHAPES[strategy][0]) for strategy in STRATEGIES), ("cluster_border", (3, 3))],
)
def test_a_pool_is_drawn_by_the_law_of_what_is_eligible_in_it(table, strategy, blocks):
    request = request_of(table, strategy, blocks, 1200, pool_rows=64)
    totals, wrong_totals = np.zeros(2), np.zeros(2)
    for shard in range(2):
        drawn = drawn_images(request, shard)[:, 0]
        law = law_of_position(pool_sources(request, table, strategy, shard), blocks, 0)
        assert 3 < (law > 0).sum() <= 64
        totals += chi_square(drawn, law)
        whole = law_of_position(training_sources(table, strategy), blocks, 0)
        wrong_totals += chi_square(drawn, whole)
    assert p_value(*totals) > LEAST_P_VALUE
    assert p_value(*wrong_totals) < LEAST_P_VALUE


def test_row_groups_are_drawn_uniformly_without_replacement(table):
    request = request_of(table, "random", (3,), 1, pool_rows=24)
    request = replace(request, split=replace(request.split, first_row=32, last_row=80))
    choices = list(itertools.combinations(range(4, 10), 3))
    counts = Counter(tuple(drawn_row_groups(request, shard)) for shard in range(2000))
    assert counts.keys() <= set(choices)
    draws = np.repeat(np.arange(len(choices)), [counts[choice] for choice in choices])
    assert p_value(*chi_square(draws, np.full(len(choices), 1 / len(choices)))) > LEAST_P_VALUE


def drawn_row_groups(request, shard):
    """Row groups of a shard's pool, numbered over the whole table."""
    stream = RandomStream(request.seed, "label", request.split.split, shard)
    per_part = request.layout.part_rows // request.layout.row_group_rows
    return [p * per_part + g for p, g in labelling._draw_row_groups(stream, request)]


@pytest.fixture
def make_uneven_table(make_table):
    """Clusters of which each is about half as large as the one before."""

    def make():
        table = make_table()
        ids = np.minimum(np.log2(1 + np.arange(NUM_ROWS) % 64).astype(int), 5)
        table.set_clusters(np.where(clusters_of(table)[0] < 0, -1, ids), table.vectors)
        return table

    return make
