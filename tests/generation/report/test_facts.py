"""Facts equal what the records say."""

import math

import numpy as np
import pytest

from alignet_ray.functional.odd_one_out import PAIR_ORDER
from alignet_ray.functional.temperature import mean_entropy
from alignet_ray.generation.report.facts import EntropyFacts, entropy_facts, gather
from alignet_ray.generation.report.run_records import read_run
from alignet_ray.records.manifest import read_manifest


@pytest.fixture(scope="module")
def facts(run, in_order):
    return gather(read_run(run.root), in_order)


def test_counts_are_the_manifests(run, facts):
    for split in facts.splits:
        manifest = read_manifest(run.root, split.manifest.split)
        groups = run.groups[manifest.split]
        assert split.manifest == manifest
        assert manifest.num_groups == len(groups)
        assert split.num_draws == sum(len(group.image_ids) for group in groups)
        assert split.num_bytes == sum(line.bytes for line in manifest.shards)


def test_triplets_are_counted_by_the_strategy(facts):
    train, validation = facts.splits
    assert train.num_triplets == 5 * 3 * 4  # a pair in each of 3 blocks, with 4 outside
    assert validation.num_triplets == 3


def test_coverage_is_the_share_of_images_in_a_group(run, facts, truth):
    train = facts.splits[0]
    drawn = {i for group in run.groups["train"] for i in group.image_ids}
    num_images = truth.num_images - truth.num_validation
    assert train.coverage == len(drawn) / num_images
    assert train.expected_coverage == pytest.approx(1 - (1 - 1 / num_images) ** 30)
    times = train.images_by_draws
    assert times.sum() == num_images
    assert times @ np.arange(len(times)) == train.num_draws
    assert times[0] == num_images - len(drawn)


def test_mean_entropy_is_that_of_all_triplets(run, facts):
    own = entropy_facts(facts.samples[1])
    rows = [[g.similarities[i, j] for i, j in PAIR_ORDER] for g in run.groups["validation"]]
    assert own.mean == pytest.approx(mean_entropy(np.array(rows), 2.0))


@pytest.mark.parametrize(
    ("entropies", "verdict"),
    [([0.0, 0.01, 0.5], "hard"), ([1.095, 0.5, 1.0986], "soft"), ([0.3, 0.9], "sound")],
)
def test_the_verdict_names_what_most_labels_are(entropies, verdict):
    values = np.array(entropies)
    own = EntropyFacts(
        split="train", entropies=values, teacher_temperature=1.0, human_temperature=None
    )
    assert own.verdict == verdict
    assert own.one_hot_share == sum(e < 0.02 for e in entropies) / len(entropies)
    assert own.uniform_share == sum(e > 1.09 for e in entropies) / len(entropies)


def test_the_human_temperature_gives_the_human_entropy(facts):
    sample = facts.samples[0]
    own = entropy_facts(sample)
    assert mean_entropy(sample.similarities, own.human_temperature) == pytest.approx(0.73)


def test_the_least_size_of_a_cluster_is_asked_of_clusters_alone(facts, make_run, in_order):
    assert facts.least_cluster_size == 2
    other = make_run(strategy="random", blocks=(6,), num_groups=1)
    assert gather(read_run(other.root), in_order).least_cluster_size is None


def test_a_converted_run_has_no_clusters(make_run, in_order):
    other = make_run(is_converted=True, blocks=(2, 1))
    facts = gather(read_run(other.root), in_order)
    assert facts.sizes is None
    assert facts.sheets == ()
    assert facts.samples[0].eligible_share is None
    assert all(math.isfinite(e) for e in facts.samples[0].entropies)
