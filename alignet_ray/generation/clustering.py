"""The cluster stage: one task fits centroids on transformed embeddings, tasks assign every part."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int

from alignet_ray.errors import InputError
from alignet_ray.functional.clustering import assign, fit_kmeans, kmeans_device
from alignet_ray.functional.elbow import elbow
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.generation.cluster_sizes import count_clusters, source_ids
from alignet_ray.records import clusters as cluster_record
from alignet_ray.records import image_table
from alignet_ray.records.clusters import CLUSTERS_FOLDER, REJECTED, Clusters, cluster_table
from alignet_ray.records.image_table import IMAGES_FOLDER, accepted_rows
from alignet_ray.records.parquet import parquet_bytes, read_parquet
from alignet_ray.records.parts import (
    PartLayout,
    missing_parts,
    part_name,
    read_sidecar,
    write_part,
)
from alignet_ray.records.store import Folder
from alignet_ray.records.teacher_bundle import Transform
from alignet_ray.stages.progress import progress
from alignet_ray.stages.session import largest_node_cpus
from alignet_ray.stages.tasks import map_tasks, run_task


@dataclass(frozen=True, kw_only=True)
class ClusterRequest:
    """Which table to cluster, in which space, and how."""

    root: Folder
    layout: PartLayout
    transform: Transform | None
    candidates: tuple[int, ...]
    num_iterations: int
    num_restarts: int
    points_per_cluster: int
    seed: int
    settings_digest: str
    images: Folder
    sources: tuple[str, ...] = ()
    on_gpu: bool = False


@dataclass(frozen=True, kw_only=True)
class Clustered:
    """Which parts were assigned now, and where k-means ran, if it ran now."""

    new_parts: list[int]
    fitted_on: str | None


def cluster_images(request: ClusterRequest, *, shows_progress: bool) -> Clustered:
    """Fit the centroids if they are not there, and assign every part that is not."""
    fitted_on = None
    if cluster_record.read_index(request.root) is None:
        num_cpus = float(largest_node_cpus(has_gpu=request.on_gpu))
        num_gpus = 1 if request.on_gpu else 0
        fitted_on = run_task(fit_centroids, request, num_cpus=num_cpus, num_gpus=num_gpus)
    folder = request.root.folder(CLUSTERS_FOLDER)
    parts = missing_parts(folder, request.layout.num_parts)
    total = sum(len(request.layout.rows(part)) for part in parts)
    with progress("assign", total, "images", is_shown=shows_progress) as advance:
        for part, _ in map_tasks(assign_part, parts, request):
            advance(len(request.layout.rows(part)))
    return Clustered(new_parts=parts, fitted_on=fitted_on)


def fit_centroids(request: ClusterRequest) -> str:
    """Read a seeded sample of the table, fit k-means, write centroids and inertia.

    With several candidates the elbow of their curve, one fit each, says how many clusters there
    are. Returns the device that FAISS took.
    """
    vectors = _sample(request)
    curve: list[tuple[int, float]] = []
    num_clusters = request.candidates[0]
    if len(request.candidates) > 1:
        curve = [(c, _inertia(vectors, _fit(request, vectors, c, 1))) for c in request.candidates]
        num_clusters = elbow(curve)
    centroids = _fit(request, vectors, num_clusters, request.num_restarts)
    record = Clusters(
        centroids=centroids, inertia=_inertia(vectors, centroids), elbow_curve=tuple(curve)
    )
    cluster_record.write_clusters(request.root, record, request.settings_digest)
    return kmeans_device(on_gpu=request.on_gpu)


def _fit(
    request: ClusterRequest,
    vectors: Float32[np.ndarray, "points dim"],
    num_clusters: int,
    num_restarts: int,
) -> Float32[np.ndarray, "clusters dim"]:
    try:
        return fit_kmeans(
            vectors,
            num_clusters=num_clusters,
            num_iterations=request.num_iterations,
            num_restarts=num_restarts,
            seed=request.seed,
            on_gpu=request.on_gpu,
        )
    except ValueError as error:
        raise InputError(
            str(error),
            place=request.root.url,
            remedy="Give more images or a smaller --clusters.num-clusters.",
        ) from error


def _inertia(
    vectors: Float32[np.ndarray, "points dim"], centroids: Float32[np.ndarray, "clusters dim"]
) -> float:
    """Mean squared distance to the nearest centroid."""
    _, distances = assign(vectors, centroids)
    return float(distances.astype(np.float64).mean())


def _sample(request: ClusterRequest) -> Float32[np.ndarray, "points dim"]:
    """Transformed embeddings of all images, or of seeded row groups where there are too many."""
    layout = request.layout
    row_groups = layout.row_groups(0, layout.num_rows)
    wanted = -(-request.points_per_cluster * request.candidates[-1] // layout.row_group_rows)
    if wanted < len(row_groups):
        stream = RandomStream(request.seed, "clusters")
        drawn = stream.distinct_integers(np.array([len(row_groups)]), wanted)[0]
        row_groups = [row_groups[i] for i in sorted(drawn)]
    by_part: dict[int, list[int]] = {}
    for part, group in row_groups:
        by_part.setdefault(part, []).append(group)
    pieces = [_embeddings(request, part, groups) for part, groups in by_part.items()]
    return np.concatenate([vectors[accepted] for vectors, accepted in pieces])


def _embeddings(
    request: ClusterRequest,
    part: int,
    row_groups: list[int] | None = None,
    num_bytes: int | None = None,
) -> tuple[Float32[np.ndarray, "rows dim"], Bool[np.ndarray, "rows"]]:
    """Transformed embeddings of a part (0 for rejects), and which rows are no rejects."""
    folder = request.images.folder(IMAGES_FOLDER)
    columns = ("embedding", "reject_reason")
    table = read_parquet(folder, part_name(part), columns, row_groups, num_bytes)
    vectors, accepted = image_table.embeddings(table), accepted_rows(table)
    if request.transform is not None:
        vectors = request.transform.apply(vectors)
        vectors[~accepted] = 0
    return vectors, accepted


def assign_part(part: int, request: ClusterRequest) -> None:
    """Write a part's cluster ids and transformed embeddings, and what its sidecar counts."""
    images = read_sidecar(request.images.folder(IMAGES_FOLDER), part)
    vectors, accepted = _embeddings(request, part, num_bytes=images["bytes"])
    nearest, _ = assign(vectors, cluster_record.read_centroids(request.root))
    rows = request.layout.rows(part)
    cluster_ids = np.where(accepted, nearest, REJECTED)
    table = cluster_table(np.arange(rows.start, rows.stop), cluster_ids, vectors)
    write_part(
        request.root.folder(CLUSTERS_FOLDER),
        part,
        parquet_bytes(table, request.layout.row_group_rows),
        request.settings_digest,
        {
            "images_sha256": images["sha256"],
            "sizes": count_clusters(cluster_ids, _source_ids(request, part)),
        },
    )


def _source_ids(request: ClusterRequest, part: int) -> Int[np.ndarray, "rows"]:
    """Which of several sources each row is from: keys begin with the source's name."""
    if len(request.sources) < 2:
        return np.zeros(len(request.layout.rows(part)), np.int64)
    table = read_parquet(request.images.folder(IMAGES_FOLDER), part_name(part), ("key",))
    return source_ids(table.column("key").to_pylist(), request.sources)
