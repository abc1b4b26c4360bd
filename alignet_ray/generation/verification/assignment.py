"""Whether a part of the clusters is what the image table and the centroids give."""

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Int

from alignet_ray.errors import RecordError
from alignet_ray.functional.clustering import is_nearest
from alignet_ray.generation.cluster_sizes import count_clusters, source_ids
from alignet_ray.generation.verification.findings import Problem, Record, examine, expect
from alignet_ray.generation.verification.parts import VECTORS, ImagePart, parse_part, read_part
from alignet_ray.generation.verification.rules import RunRules
from alignet_ray.records.clusters import CLUSTERS_FOLDER, REJECTED
from alignet_ray.records.parquet import column_to_vectors
from alignet_ray.records.parts import part_name, sidecar_name

_TYPES: dict[str, pa.DataType | str] = {
    "image_id": pa.int64(), "cluster_id": pa.int32(), "embedding": VECTORS,
}  # fmt: skip


def check_cluster_part(
    part: int,
    rules: RunRules,
    images: ImagePart | None,
    centroids: Float32[np.ndarray, "clusters dim"] | None,
) -> int | Problem:
    """The part's bytes in number, or what is wrong with it.

    Without a sound part of the image table, or without centroids, the rest is checked.
    """
    record = Record(kind="clusters", number=part)
    return examine(record, lambda: _cluster_part(part, rules, images, centroids))


def _cluster_part(
    part: int,
    rules: RunRules,
    images: ImagePart | None,
    centroids: Float32[np.ndarray, "clusters dim"] | None,
) -> int:
    folder = rules.folder_of(CLUSTERS_FOLDER)
    place = folder.place(part_name(part))
    digest = rules.settings.clusters_digest
    sidecar, data = read_part(folder, part, digest, is_quick=rules.is_quick)
    if images is not None:
        wanted, sidecar_place = images.sha256, folder.place(sidecar_name(part))
        expect(sidecar.get("images_sha256"), wanted, "images_sha256", sidecar_place)
    if data is None:
        return sidecar["bytes"]
    table = parse_part(data, part, _TYPES, rules, place)
    ids = table.column("cluster_id").to_numpy()
    column = table.column("embedding")
    if column.null_count or table.column("cluster_id").null_count:
        raise RecordError("empty values", "a cluster id and an embedding in every row", place)
    vectors = column_to_vectors(column)
    _check_vectors(vectors, ids, place)
    if images is not None and images.accepted is not None:
        _check_against_images(vectors, ids, images, rules, place)
    _check_ids(vectors, ids, centroids, rules.num_clusters, place)
    if images is not None and images.keys is not None:
        sizes = count_clusters(ids, source_ids(images.keys, rules.settings.images["sources"]))
        expect(sidecar.get("sizes"), sizes, "sizes", folder.place(sidecar_name(part)))
    return len(data)


def _check_vectors(
    vectors: Float32[np.ndarray, "rows dim"], ids: Int[np.ndarray, "rows"], place: str
) -> None:
    odd = np.flatnonzero((~np.isfinite(vectors)).any(axis=1))
    if len(odd):
        raise RecordError(f"the embedding of row {odd[0]} is not finite", "numbers", place)
    left = np.flatnonzero((ids == REJECTED) & vectors.any(axis=1))
    if len(left):
        raise RecordError(f"the embedding of row {left[0]}, a reject", "zeros", place)


def _check_against_images(
    vectors: Float32[np.ndarray, "rows dim"],
    ids: Int[np.ndarray, "rows"],
    images: ImagePart,
    rules: RunRules,
    place: str,
) -> None:
    """No cluster exactly for rejects; without a transform the embeddings are the raw ones."""
    other = np.flatnonzero((ids != REJECTED) != images.accepted)
    if len(other):
        wanted = f"{REJECTED} exactly for rejects"
        raise RecordError(f"cluster id {ids[other[0]]} of row {other[0]}", wanted, place)
    if rules.is_untransformed and images.embeddings is not None:
        expect(vectors.shape, images.embeddings.shape, "shape of the embeddings", place)
        changed = np.flatnonzero((vectors != images.embeddings).any(axis=1))
        if len(changed):
            found = f"the embedding of row {changed[0]}"
            raise RecordError(found, "the image table's own", place)


def _check_ids(
    vectors: Float32[np.ndarray, "rows dim"],
    ids: Int[np.ndarray, "rows"],
    centroids: Float32[np.ndarray, "clusters dim"] | None,
    num_clusters: int | None,
    place: str,
) -> None:
    """Ids are in range, and each image's centroid is its nearest."""
    limit = len(centroids) if centroids is not None else num_clusters
    outside = ids < REJECTED if limit is None else (ids < REJECTED) | (ids >= limit)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise RecordError(
            f"cluster id {ids[row]} of row {row}", f"{REJECTED} to below {limit}", place
        )
    taken = ids != REJECTED
    if centroids is None or not taken.any():
        return
    expect(vectors.shape[1], centroids.shape[1], "dimension", place)
    is_far = np.zeros(len(ids), dtype=bool)
    is_far[taken] = ~is_nearest(vectors[taken], centroids, ids[taken])
    if is_far.any():
        row = int(np.flatnonzero(is_far)[0])
        raise RecordError(f"cluster id {ids[row]} of row {row}", "its nearest centroid", place)
