"""Drawn triplets are triplets of the group, and all of them are equally likely."""

from collections import Counter

import numpy as np
import pytest

from alignet_ray.functional.groups import STRATEGIES, num_triplets, triplet_positions
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.functional.triplet_draws import draw_triplets

SHAPES = {"random": [(6,)]}


def shapes(strategy):
    return SHAPES.get(strategy, [(3, 3, 3), (4, 3), (5, 5)])


CASES = [(strategy, blocks) for strategy in STRATEGIES for blocks in shapes(strategy)]


def as_set(triplets):
    return {tuple(row) for row in triplets.tolist()}


@pytest.mark.parametrize(("strategy", "blocks"), CASES)
def test_few_triplets_are_all_given(strategy, blocks):
    found = draw_triplets(RandomStream(0), strategy, blocks, 10_000)
    assert (found == triplet_positions(strategy, blocks)).all()


@pytest.mark.parametrize(("strategy", "blocks"), CASES)
def test_draws_are_triplets_of_the_group(strategy, blocks):
    count = num_triplets(strategy, blocks) - 1
    found = draw_triplets(RandomStream(0), strategy, blocks, count)
    assert found.shape == (count, 3)
    assert as_set(found) <= as_set(triplet_positions(strategy, blocks))


@pytest.mark.parametrize(("strategy", "blocks"), [("cluster_border", (4, 3)), ("random", (5,)),
                                                  ("within_class", (4, 5))])  # fmt: skip
def test_all_triplets_are_equally_likely(strategy, blocks, monkeypatch):
    monkeypatch.setattr("alignet_ray.functional.triplet_draws.num_triplets", lambda *_: 10**9)
    draws = 20_000
    found = draw_triplets(RandomStream(1), strategy, blocks, draws)
    counts = Counter(map(tuple, found.tolist()))
    total = num_triplets(strategy, blocks)
    assert len(counts) == total
    expected = draws / total
    chi_squared = sum((n - expected) ** 2 / expected for n in counts.values())
    assert chi_squared < total + 5 * np.sqrt(2 * total)


def test_a_group_of_millions_of_triplets_is_cheap():
    found = draw_triplets(RandomStream(0), "cluster_border", (8,) * 500, 100)
    assert found.shape == (100, 3)
    assert (found[:, 0] // 8 == found[:, 1] // 8).all()
    assert (found[:, 2] // 8 != found[:, 0] // 8).all()
