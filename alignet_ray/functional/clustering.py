"""k-means by FAISS, and the assignment of vectors to its centroids."""

import faiss
import numpy as np
from jaxtyping import Bool, Float32, Int, Int64

_ROUNDING = 1e-5


def fit_kmeans(
    vectors: Float32[np.ndarray, "points dim"],
    *,
    num_clusters: int,
    num_iterations: int,
    num_restarts: int,
    seed: int,
    on_gpu: bool = False,
) -> Float32[np.ndarray, "clusters dim"]:
    """Centroids of the best of `num_restarts` fits, over all the given points.

    Raises ValueError where there are fewer points than clusters.
    """
    if len(vectors) < num_clusters:
        raise ValueError(f"{len(vectors)} images; expected at least one for each of {num_clusters}")
    kmeans = faiss.Kmeans(
        vectors.shape[1],
        num_clusters,
        niter=num_iterations,
        nredo=num_restarts,
        seed=seed % (1 << 31),
        gpu=kmeans_device(on_gpu=on_gpu) == "gpu",
        min_points_per_centroid=1,
        max_points_per_centroid=max(1, len(vectors)),
    )
    kmeans.train(np.ascontiguousarray(vectors))
    return np.asarray(kmeans.centroids, dtype=np.float32).reshape(num_clusters, -1)


def kmeans_device(*, on_gpu: bool) -> str:
    """Where a fit runs: faiss-cpu finds no GPU and would ignore the wish without a word."""
    return "gpu" if on_gpu and faiss.get_num_gpus() > 0 else "cpu"


def assign(
    vectors: Float32[np.ndarray, "rows dim"], centroids: Float32[np.ndarray, "clusters dim"]
) -> tuple[Int64[np.ndarray, "rows"], Float32[np.ndarray, "rows"]]:
    """Nearest centroid of every vector, and the squared distance to it."""
    index = faiss.IndexFlatL2(centroids.shape[1])
    index.add(np.ascontiguousarray(centroids))
    distances, nearest = index.search(np.ascontiguousarray(vectors), 1)
    return nearest[:, 0], distances[:, 0]


def is_nearest(
    vectors: Float32[np.ndarray, "rows dim"],
    centroids: Float32[np.ndarray, "clusters dim"],
    cluster_ids: Int[np.ndarray, "rows"],
) -> Bool[np.ndarray, "rows"]:
    """Whether each vector's centroid is its nearest, but for what float32 sums may confuse.

    The squared distances are |x|^2 - 2 x.c + |c|^2 in float64; a centroid that is farther by less
    than 1e-5 of |x|^2 + |c|^2 may have been found the nearest in float32.
    """
    points, centres = vectors.astype(np.float64), centroids.astype(np.float64)
    lengths, centre_lengths = (points**2).sum(axis=1), (centres**2).sum(axis=1)
    distances = lengths[:, None] - 2 * points @ centres.T + centre_lengths
    taken = np.take_along_axis(distances, cluster_ids[:, None].astype(np.int64), axis=1)[:, 0]
    slack = _ROUNDING * (lengths + centre_lengths[cluster_ids])
    return taken <= distances.min(axis=1) + slack
