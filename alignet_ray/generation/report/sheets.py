"""Contact sheets: a few clusters, each by the images nearest to its centroid.

Which clusters is decided from the sizes; the nearest images and the labels come from a bounded
seeded set of parts, so a sheet costs the same for a thousand images and for a billion.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.generation.report.counting import ClusterSizes, TaskMap, in_blocks, sampled
from alignet_ray.generation.report.run_records import RunRecords
from alignet_ray.pages.pictures import SMALL, Picture, picture
from alignet_ray.records.clusters import CLUSTERS_FOLDER, read_centroids
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.parquet import column_to_vectors, read_parquet
from alignet_ray.records.part_rows import read_part_rows
from alignet_ray.records.parts import PartLayout, part_name
from alignet_ray.records.store import Folder

MOST_PARTS_SHOWN = 64
_NUM_SHEETS, _NUM_LARGEST, _NUM_SMALLEST = 24, 8, 4
_IMAGES_A_SHEET = 12
_COLUMNS = ("image", "key", "label")

Nearest = list[tuple[float, int]]
"""(squared distance to the centroid, image id), nearest first."""


@dataclass(frozen=True, kw_only=True)
class SheetRequest:
    """What the tasks read: both tables, and the centroids of the clusters to show."""

    clusters: Folder
    images: Folder
    layout: PartLayout
    cluster_ids: Int[np.ndarray, "sheets"]
    centroids: Float[np.ndarray, "sheets dim"]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A cluster: size, the images nearest to its centroid, and the label that most of it has.

    `majority_label` is None where no image that was looked at has a label; `purity` is that
    label's share of the `num_labelled` labelled images that were looked at.
    """

    cluster_id: int
    num_images: int
    pictures: tuple[Picture, ...]
    majority_label: str | None
    purity: float
    num_labelled: int


def contact_sheets(run: RunRecords, sizes: ClusterSizes, mapped: TaskMap) -> tuple[Sheet, ...]:
    """Sheets of the chosen clusters, largest first."""
    chosen = choose_clusters(sizes.sizes, run.seed)
    parts = sampled(run.layout.num_parts, MOST_PARTS_SHOWN, run.seed, "sheets")
    request = SheetRequest(
        clusters=run.root.folder(CLUSTERS_FOLDER),
        images=run.image_root.folder(IMAGES_FOLDER),
        layout=run.layout,
        cluster_ids=np.array(chosen, dtype=np.int64),
        centroids=read_centroids(run.root)[chosen],
    )
    nearest: dict[int, Nearest] = {cluster: [] for cluster in chosen}
    labels: dict[int, Counter[str]] = {cluster: Counter() for cluster in chosen}
    for _, found in mapped(nearest_in_parts, in_blocks(parts), request):
        for cluster, (some, counts) in found.items():
            nearest[cluster] = sorted(nearest[cluster] + some)[:_IMAGES_A_SHEET]
            labels[cluster].update(counts)
    pictures = _pictures(nearest, request, mapped)
    return tuple(
        _sheet(cluster, int(sizes.sizes[cluster]), nearest[cluster], labels[cluster], pictures)
        for cluster in chosen
    )


def choose_clusters(sizes: Int[np.ndarray, "clusters"], seed: int) -> list[int]:
    """The largest, the smallest with an image, and seeded others, in the order of their size."""
    order = [i for i in np.argsort(-sizes, kind="stable").tolist() if sizes[i] > 0]
    if len(order) <= _NUM_SHEETS:
        return order
    ends = {*order[:_NUM_LARGEST], *order[-_NUM_SMALLEST:]}
    between = order[_NUM_LARGEST:-_NUM_SMALLEST]
    stream = RandomStream(seed, "report", "clusters")
    others = stream.permutation(len(between))[: _NUM_SHEETS - len(ends)].tolist()
    kept = ends | {between[i] for i in others}
    return [cluster for cluster in order if cluster in kept]


def nearest_in_parts(
    parts: Sequence[int], request: SheetRequest
) -> dict[int, tuple[Nearest, dict[str, int]]]:
    """Of some parts, each chosen cluster's nearest images and how often each label occurs."""
    found: dict[int, tuple[Nearest, Counter[str]]] = {
        cluster: ([], Counter()) for cluster in request.cluster_ids.tolist()
    }
    for part in parts:
        columns = ("image_id", "cluster_id", "embedding")
        table = read_parquet(request.clusters, part_name(part), columns)
        labels = read_parquet(request.images, part_name(part), ("label",)).column(0).to_pylist()
        image_ids = table.column("image_id").to_numpy()
        cluster_ids = table.column("cluster_id").to_numpy()
        vectors = column_to_vectors(table.column("embedding"))
        for cluster, centroid in zip(found, request.centroids, strict=True):
            rows = np.flatnonzero(cluster_ids == cluster)
            near, counts = found[cluster]
            distances = _squared_distances(vectors[rows], centroid)
            near += zip(distances.tolist(), image_ids[rows].tolist(), strict=True)
            counts.update(labels[row] for row in rows.tolist() if labels[row] is not None)
    return {c: (sorted(near)[:_IMAGES_A_SHEET], dict(n)) for c, (near, n) in found.items()}


def _squared_distances(
    vectors: Float[np.ndarray, "rows dim"], centroid: Float[np.ndarray, "dim"]
) -> Float[np.ndarray, "rows"]:
    return ((vectors.astype(np.float64) - centroid.astype(np.float64)) ** 2).sum(axis=1)


def _pictures(
    nearest: dict[int, Nearest], request: SheetRequest, mapped: TaskMap
) -> dict[int, Picture]:
    by_part: dict[int, list[int]] = {}
    for image_id in sorted(image_id for near in nearest.values() for _, image_id in near):
        by_part.setdefault(image_id // request.layout.part_rows, []).append(image_id)
    pictures: dict[int, Picture] = {}
    for _, found in mapped(thumbnails, [tuple(ids) for ids in by_part.values()], request):
        pictures.update(found)
    return pictures


def thumbnails(image_ids: Sequence[int], request: SheetRequest) -> dict[int, Picture]:
    """Thumbnails of some images of one part."""
    layout, part = request.layout, image_ids[0] // request.layout.part_rows
    rows = [image_id % layout.part_rows for image_id in image_ids]
    found = read_part_rows(request.images, layout, part, rows, _COLUMNS).to_pylist()
    return {
        image_id: picture(row["image"] or b"", row["key"], row["label"], SMALL)
        for image_id, row in zip(image_ids, found, strict=True)
    }


def _sheet(
    cluster: int, size: int, nearest: Nearest, labels: Counter[str], pictures: dict[int, Picture]
) -> Sheet:
    total = labels.total()
    label, count = min(labels.items(), key=lambda item: (-item[1], item[0]), default=(None, 0))
    return Sheet(
        cluster_id=cluster,
        num_images=size,
        pictures=tuple(pictures[image_id] for _, image_id in nearest),
        majority_label=label,
        purity=count / total if total else 0.0,
        num_labelled=total,
    )
