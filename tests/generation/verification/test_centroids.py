"""The number of clusters is the one asked for, or the elbow of the curve over the candidates."""

import numpy as np
import pytest

from alignet_ray.functional.elbow import elbow
from alignet_ray.generation.verification.centroids import check_centroids
from alignet_ray.generation.verification.findings import Problem
from alignet_ray.generation.verification.rules import RunRules
from alignet_ray.records.clusters import Clusters, write_clusters
from alignet_ray.records.parts import PartLayout
from alignet_ray.records.run import RunSettings
from alignet_ray.records.store import Folder

AUTO = {"num_clusters": "auto", "candidates": [2, 3, 4]}
CURVE = ((2, 8.0), (3, 2.0), (4, 1.0))


def checked(tmp_path, settings, num_clusters, curve):
    root = Folder.at(str(tmp_path))
    rules = RunRules(
        root=root, image_root=root, settings=RunSettings(images={}, clusters=settings, shards={}),
        layout=PartLayout(num_rows=8, part_rows=4, row_group_rows=4), listing=None,
    )  # fmt: skip
    centroids = np.eye(num_clusters, 5, dtype=np.float32)
    record = Clusters(centroids=centroids, inertia=1.0, elbow_curve=curve)
    write_clusters(root, record, rules.settings.clusters_digest)
    return check_centroids(rules)


@pytest.mark.parametrize(
    ("settings", "num_clusters", "curve"),
    [
        (AUTO, elbow(CURVE), CURVE),
        ({"num_clusters": "auto", "candidates": [2]}, 2, ()),
        ({"num_clusters": 4}, 4, ()),
    ],
)
def test_the_number_that_a_fit_takes_is_accepted(tmp_path, settings, num_clusters, curve):
    assert not isinstance(checked(tmp_path, settings, num_clusters, curve), Problem)


@pytest.mark.parametrize(
    ("settings", "num_clusters", "curve", "said"),
    [
        (AUTO, 4, CURVE, "num_clusters 4; expected 3"),
        (AUTO, 5, CURVE, "num_clusters 5; expected one of the candidates [2, 3, 4]"),
        (AUTO, 3, CURVE[:2], "counts of the elbow curve [2, 3]; expected [2, 3, 4]"),
        (AUTO, 3, ((2, 8.0), (3, -1.0), (4, 1.0)), "a negative inertia"),
        ({"num_clusters": 4}, 3, (), "num_clusters 3; expected 4"),
        ({"num_clusters": 3}, 3, CURVE, "counts of the elbow curve [2, 3, 4]; expected []"),
    ],
)
def test_another_number_or_curve_is_found(tmp_path, settings, num_clusters, curve, said):
    found = checked(tmp_path, settings, num_clusters, curve)
    assert isinstance(found, Problem)
    assert said in str(found)
