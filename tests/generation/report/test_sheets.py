"""Contact sheets against a slow search through all vectors."""

from collections import Counter

import numpy as np
import pytest

from alignet_ray.generation.report.counting import count_cluster_sizes
from alignet_ray.generation.report.run_records import read_run
from alignet_ray.generation.report.sheets import choose_clusters, contact_sheets
from alignet_ray.records.clusters import read_centroids


@pytest.mark.parametrize("order", ["in_order", "backwards"])
def test_sheets_show_the_images_nearest_to_the_centroid(run, truth, order, request):
    mapped, records = request.getfixturevalue(order), read_run(run.root)
    sheets = contact_sheets(records, count_cluster_sizes(records, mapped), mapped)
    centroids = read_centroids(run.root)
    assert len(sheets) == truth.num_clusters - 1
    for sheet in sheets:
        rows = np.flatnonzero(run.cluster_ids == sheet.cluster_id)
        distances = np.linalg.norm(run.vectors[rows] - centroids[sheet.cluster_id], axis=1)
        nearest = [run.keys[row] for row in rows[np.argsort(distances)][:12]]
        assert [picture.key for picture in sheet.pictures] == nearest
        assert sheet.num_images == len(rows)
        ((label, count),) = Counter(run.labels[row] for row in rows).most_common(1)
        assert (sheet.majority_label, sheet.purity) == (label, count / len(rows))
        assert all(picture.data for picture in sheet.pictures)


def test_the_largest_and_the_smallest_are_among_many():
    sizes = np.arange(200)[::-1] % 101
    chosen = choose_clusters(sizes, 0)
    assert len(chosen) == len(set(chosen)) == 24
    shown = sizes[chosen].tolist()
    assert shown == sorted(shown, reverse=True)
    assert shown[:2] == [100, 99]
    assert shown[-1] == 1
    assert chosen == choose_clusters(sizes, 0) != choose_clusters(sizes, 1)


def test_empty_clusters_have_no_sheet():
    assert choose_clusters(np.array([0, 3, 0, 5]), 0) == [3, 1]


def test_without_labels_there_is_no_majority(make_run, in_order):
    records = read_run(make_run(has_labels=False).root)
    for sheet in contact_sheets(records, count_cluster_sizes(records, in_order), in_order):
        assert (sheet.majority_label, sheet.num_labelled) == (None, 0)
