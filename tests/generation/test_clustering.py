"""Centroids and assignments of a table, straight through the tasks that Ray would run."""

import numpy as np
import pytest

from alignet_ray.errors import InputError
from alignet_ray.functional.clustering import assign
from alignet_ray.generation.clustering import assign_part, fit_centroids
from alignet_ray.records import clusters as cluster_record
from alignet_ray.records.clusters import CLUSTERS_FOLDER, COLUMNS
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.parquet import column_to_vectors, read_parquet
from alignet_ray.records.parts import part_name, read_sidecar
from alignet_ray.records.teacher_bundle import Transform


def read_all(table):
    folder = table.root.folder(CLUSTERS_FOLDER)
    parts = [
        read_parquet(folder, part_name(part), COLUMNS) for part in range(table.layout.num_parts)
    ]
    ids = np.concatenate([part.column("cluster_id").to_numpy() for part in parts])
    vectors = np.concatenate([column_to_vectors(part.column("embedding")) for part in parts])
    image_ids = np.concatenate([part.column("image_id").to_numpy() for part in parts])
    return image_ids, ids, vectors


def run(table, **fields):
    request = table.cluster_request(**fields)
    fit_centroids(request)
    for part in range(table.layout.num_parts):
        assign_part(part, request)
    return request


def test_planted_clusters_are_found_and_rejects_belong_to_none(table):
    image_ids, ids, vectors = read_all(table)
    accepted = np.array([image is not None for image in table.images])
    np.testing.assert_array_equal(image_ids, np.arange(len(ids)))
    assert (ids[~accepted] == -1).all()
    pairs = set(zip(ids[accepted].tolist(), table.blobs[accepted].tolist(), strict=True))
    assert len(pairs) == len(set(table.blobs.tolist()))
    np.testing.assert_array_equal(vectors[accepted], table.vectors[accepted])
    np.testing.assert_array_equal(vectors[~accepted], 0)


def test_transformed_embeddings_are_kept_and_clustered(make_table):
    table = make_table(is_clustered=False)
    random = np.random.default_rng(1)
    transform = Transform(
        weight=random.normal(size=(5, 5)), bias=random.normal(size=5), mean=0.5, scale=2.0
    )
    run(table, transform=transform)
    _, ids, vectors = read_all(table)
    accepted = np.array([image is not None for image in table.images])
    np.testing.assert_array_equal(vectors[accepted], transform.apply(table.vectors)[accepted])
    np.testing.assert_array_equal(vectors[~accepted], 0)
    centroids = cluster_record.read_centroids(table.root)
    np.testing.assert_array_equal(assign(vectors, centroids)[0][accepted], ids[accepted])


def test_inertia_is_the_mean_squared_distance_to_the_centroid(table):
    _, ids, vectors = read_all(table)
    centroids = cluster_record.read_centroids(table.root)
    accepted = ids >= 0
    literal = ((vectors[accepted] - centroids[ids[accepted]]).astype(np.float64) ** 2).sum(axis=1)
    assert cluster_record.read_index(table.root)["inertia"] == pytest.approx(
        literal.mean(), rel=1e-4
    )


def test_rejects_do_not_pull_centroids(make_table):
    table = make_table(is_clustered=False)
    run(table, candidates=(1,))
    accepted = np.array([image is not None for image in table.images])
    (centroid,) = cluster_record.read_centroids(table.root)
    np.testing.assert_allclose(centroid, table.vectors[accepted].mean(axis=0), atol=1e-4)


def test_the_same_table_gives_the_same_bytes(make_table):
    tables = [make_table(name) for name in ("a", "b")]
    for name in [cluster_record.CENTROIDS_NAME, cluster_record.INDEX_NAME, part_name(2)]:
        texts = [table.root.folder(CLUSTERS_FOLDER).read(name) for table in tables]
        assert texts[0] == texts[1]


def test_a_part_does_not_depend_on_the_others(make_table):
    whole, alone = make_table("whole"), make_table("alone", is_clustered=False)
    request = alone.cluster_request()
    fit_centroids(request)
    assign_part(3, request)
    texts = [t.root.folder(CLUSTERS_FOLDER).read(part_name(3)) for t in (whole, alone)]
    assert texts[0] == texts[1]


def test_a_sidecar_names_the_images_that_its_part_was_made_from(table):
    images = read_sidecar(table.root.folder(IMAGES_FOLDER), 1)
    clusters = read_sidecar(table.root.folder(CLUSTERS_FOLDER), 1)
    assert clusters["images_sha256"] == images["sha256"]
    assert clusters["digest"] == "clusters"


def test_a_sample_of_row_groups_is_enough_where_there_are_many_points(make_table):
    table = make_table(is_clustered=False)
    run(table, points_per_cluster=12)  # 72 of 150 rows
    _, ids, _ = read_all(table)
    assert set(ids[ids >= 0].tolist()) == set(range(6))


def test_more_clusters_than_images_are_refused_with_a_remedy(make_table):
    table = make_table(is_clustered=False)
    with pytest.raises(
        InputError, match=r"146 images; .* 147. Give more images or a smaller --clusters"
    ):
        fit_centroids(table.cluster_request(candidates=(147,)))
