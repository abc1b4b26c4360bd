"""The clusters: centroids, inertia, and per part each image's cluster and transformed embedding."""

import io
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int

from alignet_ray.errors import RecordError
from alignet_ray.records.digests import Json, canonical_json, digest, parse_json, sha256
from alignet_ray.records.npy import parse_npy
from alignet_ray.records.parquet import vectors_to_column
from alignet_ray.records.store import Folder

CLUSTERS_FOLDER = "clusters"
CENTROIDS_NAME = "centroids.npy"
INDEX_NAME = "clusters.json"
REJECTED = -1


COLUMNS = ("image_id", "cluster_id", "embedding")


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """Centroids, the mean squared distance to them, and (c, inertia) points of an elbow search."""

    centroids: Float[np.ndarray, "clusters dim"]
    inertia: float
    elbow_curve: tuple[tuple[int, float], ...] = ()


def write_clusters(root: Folder, clusters: Clusters, settings_digest: str) -> None:
    """Write the centroids and, after them, the index that says done."""
    folder = root.folder(CLUSTERS_FOLDER)
    stream = io.BytesIO()
    np.save(stream, clusters.centroids.astype(np.float32), allow_pickle=False)
    data = stream.getvalue()
    folder.write(CENTROIDS_NAME, data)
    index = {
        "digest": settings_digest,
        "centroids_sha256": sha256(data),
        "num_clusters": len(clusters.centroids),
        "inertia": clusters.inertia,
        "elbow_curve": [list(point) for point in clusters.elbow_curve],
    }
    folder.write(INDEX_NAME, canonical_json({**index, "index_sha256": digest(index)}))


def read_index(root: Folder) -> Json | None:
    """The index, or None where the centroids are not finished."""
    folder = root.folder(CLUSTERS_FOLDER)
    data = folder.read_if_there(INDEX_NAME)  # one request, and every task of assignment makes it
    return None if data is None else parse_json(data, folder.place(INDEX_NAME))


def read_centroids(root: Folder) -> Float[np.ndarray, "clusters dim"]:
    """The centroids, float32. Raises RecordError where they are not those of the index."""
    folder = root.folder(CLUSTERS_FOLDER)
    data = folder.read(CENTROIDS_NAME)
    index = read_index(root) or {}
    if sha256(data) != index.get("centroids_sha256"):
        raise RecordError(
            f"another SHA-256 than {INDEX_NAME} names", "the centroids as they were fitted",
            folder.place(CENTROIDS_NAME), "Give another root.",
        )  # fmt: skip
    try:
        return parse_npy(data)
    except ValueError as error:
        place = folder.place(CENTROIDS_NAME)
        raise RecordError(f"unreadable ({error})", "an array of centroids", place) from error


def cluster_table(
    image_ids: Int[np.ndarray, "rows"],
    cluster_ids: Int[np.ndarray, "rows"],
    embeddings: Float[np.ndarray, "rows dim"],
) -> pa.Table:
    """The table of one part; `cluster_id` is -1 and the embedding 0 for a reject."""
    return pa.table(
        {
            "image_id": pa.array(image_ids.astype(np.int64)),
            "cluster_id": pa.array(cluster_ids.astype(np.int32)),
            "embedding": vectors_to_column(embeddings),
        }
    )
