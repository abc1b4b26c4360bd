"""Sampled soft labels against a slow, literal softmax and entropy."""

import io
import math

import numpy as np
import pytest
from PIL import Image

from alignet_ray.functional.groups import num_triplets
from alignet_ray.generation.report import samples
from alignet_ray.generation.report.run_records import read_run
from alignet_ray.generation.report.samples import sample_split


def literal(similarities, temperature):
    """Probabilities and entropy, one number at a time."""
    weights = [math.exp((s - max(similarities)) / temperature) for s in similarities]
    probabilities = [weight / sum(weights) for weight in weights]
    return probabilities, -sum(p * math.log(p) for p in probabilities if p > 0)


@pytest.fixture(scope="module")
def train(run):
    return sample_split(read_run(run.root).manifests[0], run.root, 3)


def test_entropies_are_those_of_the_softmax_at_the_manifests_temperature(train):
    for similarities, entropy in zip(train.similarities.tolist(), train.entropies, strict=True):
        assert entropy == pytest.approx(literal(similarities, 2.0)[1], abs=1e-12)


def test_all_triplets_of_few_groups_are_sampled(run, train):
    expected = len(run.groups["train"]) * num_triplets("cluster_border", (2, 2, 2))
    assert len(train.entropies) == expected


def test_shown_triplets_run_from_the_most_certain_to_the_least(train):
    entropies = [shown.entropy for shown in train.triplets]
    assert entropies == sorted(entropies)
    assert entropies[0] == train.entropies.min()
    assert entropies[-1] == train.entropies.max()


def test_a_shown_triplet_belongs_to_its_group(run, train):
    for shown in (*train.triplets, train.hero):
        keys = [picture.key for picture in shown.pictures]
        group = next(g for g in run.groups["train"] if set(keys) <= set(g.keys))
        i, j, k = (group.keys.index(key) for key in keys)
        gram = group.similarities
        assert shown.similarities == (gram[i, j], gram[i, k], gram[j, k])
        wanted, entropy = literal(shown.similarities, 2.0)
        assert shown.probabilities == pytest.approx(wanted)
        assert shown.entropy == pytest.approx(entropy)


def test_the_hero_is_the_nearest_to_its_entropy(train):
    distance = abs(train.hero.entropy - samples.HERO_ENTROPY)
    assert distance == np.abs(train.entropies - samples.HERO_ENTROPY).min()


def test_a_group_is_shown_block_by_block(run, train):
    written = next(
        g for g in run.groups["train"] if g.keys[0] == train.group.blocks[0].pictures[0].key
    )
    shown = [picture.key for block in train.group.blocks for picture in block.pictures]
    assert shown == list(written.keys)
    assert train.group.sizes == (2, 2, 2)
    assert train.group.similarities.side == 6


def test_triplets_are_not_shown_as_groups(run):
    assert sample_split(read_run(run.root).manifests[1], run.root, 3).group is None


def test_pictures_are_square_thumbnails(train):
    for shown, side in ((train.hero, 400), (train.triplets[0], 144)):
        for picture in shown.pictures:
            assert Image.open(io.BytesIO(picture.data)).size == (side, side)


def test_few_bytes_are_read_of_large_groups(run, monkeypatch):
    monkeypatch.setattr(samples, "_MOST_BYTES", 1)
    found = sample_split(read_run(run.root).manifests[0], run.root, 3)
    assert len(found.entropies) == num_triplets("cluster_border", (2, 2, 2))


def test_statistics_are_the_worst_of_the_shards(train):
    assert (train.eligible_share, train.distance_from_uniform) == (0.8, 0.25)
    assert train.num_shards == 3


@pytest.mark.parametrize(
    ("strategy", "blocks"), [("random", (8,)), ("within_cluster", (4, 4)), ("class_border", (2, 2))]
)
def test_every_strategy_can_be_sampled(make_run, strategy, blocks):
    other = make_run(strategy=strategy, blocks=blocks, num_groups=1, splits=("train",))
    found = sample_split(read_run(other.root).manifests[0], other.root, 0)
    assert len(found.entropies) == num_triplets(strategy, blocks)
    assert sum(len(block.pictures) for block in found.group.blocks) == sum(blocks)
