"""Centroids and assignments come back to the bit, or not at all."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignet_ray.errors import RecordError
from alignet_ray.records.clusters import (
    CENTROIDS_NAME,
    CLUSTERS_FOLDER,
    COLUMNS,
    INDEX_NAME,
    Clusters,
    cluster_table,
    read_centroids,
    read_index,
    write_clusters,
)
from alignet_ray.records.digests import digest
from alignet_ray.records.parquet import column_to_vectors, parquet_bytes, read_parquet

CENTROIDS = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
RECORD = Clusters(centroids=CENTROIDS, inertia=2.5, elbow_curve=((2, 9.0), (6, 2.5)))


@pytest.mark.parametrize("kind", ["local", "memory"])
@given(seed=st.integers(0, 99), inertia=st.floats(0, 1e30))
@settings(max_examples=15)
def test_centroids_come_back_as_they_were(kind, seed, inertia, new_root):
    root = new_root(kind)
    centroids = np.random.default_rng(seed).normal(size=(3, 5)).astype(np.float32)
    write_clusters(root, Clusters(centroids=centroids, inertia=inertia), "settings")
    np.testing.assert_array_equal(read_centroids(root), centroids)
    assert read_index(root)["inertia"] == inertia


def test_the_index_says_what_was_fitted(root):
    write_clusters(root, RECORD, "settings")
    index = read_index(root)
    assert (index["digest"], index["num_clusters"]) == ("settings", 6)
    assert index["elbow_curve"] == [[2, 9.0], [6, 2.5]]


def test_centroids_without_an_index_are_not_finished(root):
    write_clusters(root, RECORD, "settings")
    root.delete(f"{CLUSTERS_FOLDER}/{INDEX_NAME}")
    assert read_index(root) is None


@pytest.mark.parametrize("cuts", [True, False])
@pytest.mark.parametrize("position", [3, 100, 150])
def test_altered_centroids_are_a_record_error(root, alter, position, cuts):
    write_clusters(root, RECORD, "settings")
    alter(root, f"{CLUSTERS_FOLDER}/{CENTROIDS_NAME}", position, cuts=cuts)
    with pytest.raises(RecordError, match=r"centroids.npy: another SHA-256"):
        read_centroids(root)


def test_pickled_centroids_are_refused(root):
    write_clusters(root, RECORD, "settings")
    stream = io.BytesIO()
    np.save(stream, np.array([print], dtype=object), allow_pickle=True)
    root.write(f"{CLUSTERS_FOLDER}/{CENTROIDS_NAME}", stream.getvalue())
    with pytest.raises(RecordError, match=r"centroids.npy: "):
        read_centroids(root)


@given(ids=st.lists(st.integers(-1, 1000), min_size=1, max_size=20), seed=st.integers(0, 99))
@settings(max_examples=20)
def test_a_part_comes_back_as_it_was(ids, seed, new_root):
    root = new_root("memory")
    vectors = np.random.default_rng(seed).normal(size=(len(ids), 4)).astype(np.float32)
    image_ids = np.arange(7, 7 + len(ids))
    root.write("part", parquet_bytes(cluster_table(image_ids, np.array(ids), vectors), 8))
    table = read_parquet(root, "part", COLUMNS)
    assert table.column("image_id").to_pylist() == image_ids.tolist()
    assert table.column("cluster_id").to_pylist() == ids
    np.testing.assert_array_equal(column_to_vectors(table.column("embedding")), vectors)


def test_the_index_vouches_for_itself(root):
    write_clusters(root, RECORD, "settings")
    index = read_index(root)
    own = index.pop("index_sha256")
    assert own == digest(index)
