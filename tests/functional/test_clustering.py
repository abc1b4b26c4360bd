"""k-means finds planted clusters, repeats itself, and assigns to the nearest centroid."""

import numpy as np
import pytest

from alignet_ray.functional.clustering import assign, fit_kmeans, is_nearest

NUM_CLUSTERS = 6


@pytest.fixture(scope="module")
def planted():
    """Well separated blobs, and which blob each point is from."""
    random = np.random.default_rng(0)
    blobs = np.repeat(np.arange(NUM_CLUSTERS), 40)
    centres = 20 * random.normal(size=(NUM_CLUSTERS, 8))
    return (centres[blobs] + random.normal(size=(240, 8))).astype(np.float32), blobs


def fit(vectors, seed=0, num_clusters=NUM_CLUSTERS):
    return fit_kmeans(
        vectors, num_clusters=num_clusters, num_iterations=20, num_restarts=5, seed=seed
    )


def test_planted_clusters_are_found(planted):
    vectors, blobs = planted
    nearest, _ = assign(vectors, fit(vectors))
    pairs = {(int(a), int(b)) for a, b in zip(nearest, blobs, strict=True)}
    assert len(pairs) == NUM_CLUSTERS


def test_a_centroid_is_the_mean_of_its_points(planted):
    vectors, _ = planted
    centroids = fit(vectors)
    nearest, _ = assign(vectors, centroids)
    means = [vectors[nearest == cluster].mean(axis=0) for cluster in range(NUM_CLUSTERS)]
    np.testing.assert_allclose(centroids, means, atol=1e-4)


def test_the_same_seed_gives_the_same_bits(planted):
    vectors, _ = planted
    np.testing.assert_array_equal(fit(vectors, seed=3), fit(vectors, seed=3))


def test_a_seed_of_any_size_is_taken(planted):
    vectors, _ = planted
    assert fit(vectors, seed=(1 << 40) + 1).shape == (NUM_CLUSTERS, 8)


def test_assignment_is_the_nearest_by_brute_force(planted):
    vectors, _ = planted
    centroids = np.random.default_rng(1).normal(scale=20, size=(9, 8)).astype(np.float32)
    nearest, distances = assign(vectors, centroids)
    table = ((vectors[:, None].astype(np.float64) - centroids) ** 2).sum(axis=2)
    np.testing.assert_array_equal(nearest, table.argmin(axis=1))
    np.testing.assert_allclose(distances, table.min(axis=1), rtol=1e-4, atol=1e-2)


def test_fewer_points_than_clusters_are_refused():
    with pytest.raises(ValueError, match="5 images; expected at least one for each of 6"):
        fit(np.zeros((5, 8), np.float32))


def test_as_many_clusters_as_points_puts_each_alone():
    vectors = np.eye(4, dtype=np.float32)
    nearest, distances = assign(vectors, fit(vectors, num_clusters=4))
    assert len(set(nearest.tolist())) == 4
    np.testing.assert_allclose(distances, 0, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_what_assign_finds_is_the_nearest_and_nothing_else_is(planted, scale):
    vectors = planted[0] * np.float32(scale)
    centroids = fit(vectors)
    nearest, _ = assign(vectors, centroids)
    assert is_nearest(vectors, centroids, nearest).all()
    for shift in range(1, NUM_CLUSTERS):
        assert not is_nearest(vectors, centroids, (nearest + shift) % NUM_CLUSTERS).any()


def test_of_two_centroids_that_float32_cannot_tell_apart_either_is_the_nearest():
    vectors = np.array([[1000.0, 0.0]], dtype=np.float32)
    centroids = np.array([[1000.0, 0.01], [1000.0, 0.0]], dtype=np.float32)
    assert is_nearest(vectors, centroids, np.array([0])).all()
