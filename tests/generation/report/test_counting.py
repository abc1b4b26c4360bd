"""Counts of parts and shards against what was written."""

from collections import Counter

import numpy as np
import pytest

from alignet_ray.generation.report import counting
from alignet_ray.generation.report.counting import (
    count_cluster_sizes,
    count_draws,
    count_rejects,
    sampled,
)
from alignet_ray.generation.report.run_records import read_run


@pytest.mark.parametrize("order", ["in_order", "backwards"])
def test_cluster_sizes_are_those_of_the_table(run, truth, order, request):
    found = count_cluster_sizes(read_run(run.root), request.getfixturevalue(order))
    accepted = run.cluster_ids[run.cluster_ids >= 0]
    assert found.sizes.tolist() == np.bincount(accepted, minlength=truth.num_clusters).tolist()
    assert found.sizes[truth.empty] == 0
    assert found.sizes.sum() == truth.num_images - len(truth.rejects)
    assert not found.is_sample


def test_a_table_of_many_parts_is_sampled_and_says_so(run, in_order, monkeypatch):
    monkeypatch.setattr(counting, "MOST_PARTS_COUNTED", 2)
    records = read_run(run.root)
    found, again = (count_cluster_sizes(records, in_order) for _ in range(2))
    assert found.is_sample
    assert (found.num_parts, found.of_parts) == (2, run.layout.num_parts)
    assert found.sizes.tolist() == again.sizes.tolist()
    assert 0 < found.sizes.sum() <= 2 * run.layout.part_rows


@pytest.mark.parametrize("order", ["in_order", "backwards"])
@pytest.mark.parametrize("items_per_task", [1, 32])
def test_rejects_are_counted_by_reason(run, truth, order, items_per_task, request, monkeypatch):
    monkeypatch.setattr(counting, "_ITEMS_PER_TASK", items_per_task)
    found = count_rejects(read_run(run.root), request.getfixturevalue(order))
    wanted = Counter(truth.rejects.values()).most_common()
    assert [(reject.reason, reject.num_images) for reject in found.reasons] == wanted
    assert (found.total, found.num_images) == (len(truth.rejects), truth.num_images)
    assert found.reasons[0].some_keys == (run.keys[5], run.keys[21])


def test_draws_are_those_of_the_groups(run, backwards):
    records = read_run(run.root)
    for manifest in records.manifests:
        written = Counter(i for group in run.groups[manifest.split] for i in group.image_ids)
        found = count_draws(records, manifest, backwards)
        assert found is not None
        assert sorted(found.tolist()) == sorted(written.values())


def test_draws_of_very_many_groups_are_not_counted(run, in_order, monkeypatch):
    monkeypatch.setattr(counting, "MOST_GROUPS_COUNTED", 4)
    records = read_run(run.root)
    assert count_draws(records, records.manifests[0], in_order) is None


def test_a_sample_is_seeded_ordered_and_without_repeats():
    assert sampled(3, 5, 0, "x") == [0, 1, 2]
    first = sampled(1000, 20, 0, "x")
    assert first == sampled(1000, 20, 0, "x") == sorted(set(first))
    assert len(first) == 20
    assert first != sampled(1000, 20, 1, "x") != sampled(1000, 20, 1, "y")
