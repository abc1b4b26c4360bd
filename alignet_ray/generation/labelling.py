"""The label stage: each shard is a pure function of (seed, split, shard, frozen records).

A task draws its pool of row groups, its groups from the pool, reads the drawn images, computes
Gram matrices of the transformed embeddings, and writes tar and sidecar. A shard that is there
already is kept if it was made from the same settings and the same parts.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Int

from alignet_ray.errors import InputError
from alignet_ray.functional.groups import CLASS_STRATEGIES
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.functional.sampling import (
    Members,
    PoolStatistics,
    draw_groups,
    draw_random_groups,
    members_by_cluster,
    pool_statistics,
)
from alignet_ray.functional.similarity import gram_matrix
from alignet_ray.generation.drawn_images import UNKNOWN_SIZES, PartSizes, read_drawn
from alignet_ray.generation.plan import SplitPlan
from alignet_ray.records.clusters import CLUSTERS_FOLDER, REJECTED
from alignet_ray.records.digests import Json
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.manifest import ManifestShard, manifest_shard
from alignet_ray.records.parquet import read_parquet
from alignet_ray.records.parts import PartLayout, part_name, read_sidecar
from alignet_ray.records.shards import (
    Group,
    kept_shard,
    shard_folder,
    write_shard,
)
from alignet_ray.records.store import Folder

_POOL_COLUMNS = ("image_id", "cluster_id")
_IMAGES_AT_ONCE = 192


@dataclass(frozen=True, kw_only=True)
class LabelRequest:
    """Everything that a shard of one split is made from, but its number.

    `images` is the root whose image table is read: the run's own, or the one it borrows from.
    """

    root: Folder
    images: Folder
    layout: PartLayout
    split: SplitPlan
    strategy: str
    pool_rows: int
    num_clusters: int
    seed: int
    settings_digest: str


@dataclass(frozen=True, kw_only=True)
class Pool:
    """The rows that one shard draws from; `ids` are clusters, classes or all 0, -1 for none."""

    image_ids: Int[np.ndarray, "rows"]
    cluster_ids: Int[np.ndarray, "rows"]
    ids: Int[np.ndarray, "rows"]
    num_ids: int


@dataclass(frozen=True, kw_only=True)
class ShardDraw:
    """The images of each group of a shard, and what the law could reach in its pool."""

    image_ids: Int[np.ndarray, "groups images"]
    cluster_ids: Int[np.ndarray, "groups images"]
    statistics: PoolStatistics


@dataclass(frozen=True, kw_only=True)
class LabelledShard:
    """What the driver keeps of a shard: its line in the manifest, and whether it was new."""

    line: ManifestShard
    statistics: PoolStatistics
    is_new: bool


def make_shard(shard: int, request: LabelRequest) -> LabelledShard:
    """Write a shard, or keep the one that is there if it is what would be written."""
    folder = shard_folder(request.root, request.split.split)
    stream = RandomStream(request.seed, "label", request.split.split, shard)
    row_groups = _draw_row_groups(stream, request)
    sidecars = _sidecars(request, _parts_of(row_groups))
    parts = _digests(sidecars)
    kept = kept_shard(folder, shard, request.settings_digest, parts)
    if kept is not None:
        return LabelledShard(
            line=manifest_shard(folder, kept),
            statistics=PoolStatistics(**kept.statistics),
            is_new=False,
        )
    sizes = _sizes(sidecars)
    draw = _draw_from_pool(stream, request, row_groups, sizes)
    record = write_shard(
        folder,
        _groups(request, draw, sizes),
        shard=shard,
        split=request.split.split,
        settings_digest=request.settings_digest,
        parts=parts,
        statistics=asdict(draw.statistics),
    )
    line = manifest_shard(folder, record)
    return LabelledShard(line=line, statistics=draw.statistics, is_new=True)


def draw_shard(shard: int, request: LabelRequest) -> ShardDraw:
    """What a shard holds, by its number and the frozen records; nothing of it is read."""
    stream = RandomStream(request.seed, "label", request.split.split, shard)
    return _draw_from_pool(stream, request, _draw_row_groups(stream, request))


def pool_parts(shard: int, request: LabelRequest) -> list[int]:
    """Parts of both tables that a shard draws from, by its number alone; nothing is read."""
    stream = RandomStream(request.seed, "label", request.split.split, shard)
    return _parts_of(_draw_row_groups(stream, request))


def _parts_of(row_groups: Sequence[tuple[int, int]]) -> list[int]:
    return sorted({part for part, _ in row_groups})


def _draw_from_pool(
    stream: RandomStream,
    request: LabelRequest,
    row_groups: Sequence[tuple[int, int]],
    sizes: PartSizes = UNKNOWN_SIZES,
) -> ShardDraw:
    pool = _read_pool(request, row_groups, sizes)
    members = members_by_cluster(pool.ids, pool.num_ids)
    positions = _draw(stream, request, pool, members)
    return ShardDraw(
        image_ids=pool.image_ids[positions],
        cluster_ids=pool.cluster_ids[positions],
        statistics=pool_statistics(members, max(request.split.blocks)),
    )


def _draw_row_groups(stream: RandomStream, request: LabelRequest) -> Sequence[tuple[int, int]]:
    """(part, row group) of the pool: all of the split's, or a seeded choice of enough of them."""
    split, layout = request.split, request.layout
    row_groups = layout.row_groups(split.first_row, split.last_row)
    wanted = -(-request.pool_rows // layout.row_group_rows)
    if wanted >= len(row_groups):
        return row_groups
    drawn = stream.distinct_integers(np.array([len(row_groups)]), wanted)[0]
    return [row_groups[i] for i in sorted(drawn)]


def _sidecars(request: LabelRequest, parts: list[int]) -> dict[str, dict[int, Json]]:
    """Sidecars of the image and cluster parts that the shard reads, by folder and part."""
    folders = {
        IMAGES_FOLDER: request.images.folder(IMAGES_FOLDER),
        CLUSTERS_FOLDER: request.root.folder(CLUSTERS_FOLDER),
    }
    return {
        name: {part: read_sidecar(folder, part) for part in parts}
        for name, folder in folders.items()
    }


def _digests(sidecars: dict[str, dict[int, Json]]) -> dict[str, dict[str, str]]:
    """SHA-256 of the parts."""
    return {
        name: {f"{part:06d}": sidecar["sha256"] for part, sidecar in of_folder.items()}
        for name, of_folder in sidecars.items()
    }


def _sizes(sidecars: dict[str, dict[int, Json]]) -> PartSizes:
    images, clusters = (
        {part: sidecar["bytes"] for part, sidecar in sidecars[name].items()}
        for name in (IMAGES_FOLDER, CLUSTERS_FOLDER)
    )
    return PartSizes(images=images, clusters=clusters)


def _by_part(places: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """(part, what lies in it) gathered by part, in order."""
    gathered: dict[int, list[int]] = {}
    for part, inside in places:
        gathered.setdefault(part, []).append(inside)
    return gathered


def _read_pool(
    request: LabelRequest, row_groups: Sequence[tuple[int, int]], sizes: PartSizes
) -> Pool:
    by_part = _by_part(row_groups)
    folder = request.root.folder(CLUSTERS_FOLDER)
    table = pa.concat_tables(
        read_parquet(folder, part_name(part), _POOL_COLUMNS, groups, sizes.clusters.get(part))
        for part, groups in by_part.items()
    )
    image_ids = table.column("image_id").to_numpy()
    cluster_ids = table.column("cluster_id").to_numpy()
    split = request.split
    usable = (
        (image_ids >= split.first_row) & (image_ids < split.last_row) & (cluster_ids != REJECTED)
    )
    ids, num_ids = cluster_ids, request.num_clusters
    if request.strategy in CLASS_STRATEGIES:
        ids, num_ids = _class_ids(_labels(request, by_part, sizes))
    elif request.strategy == "random":
        ids, num_ids = np.zeros_like(cluster_ids), 1
    return Pool(
        image_ids=image_ids,
        cluster_ids=cluster_ids,
        ids=np.where(usable, ids, -1),
        num_ids=num_ids,
    )


def _labels(
    request: LabelRequest, by_part: dict[int, list[int]], sizes: PartSizes
) -> list[str | None]:
    folder = request.images.folder(IMAGES_FOLDER)
    return [
        label
        for part, groups in by_part.items()
        for label in read_parquet(
            folder, part_name(part), ("label",), groups, sizes.images.get(part)
        )
        .column("label")
        .to_pylist()
    ]


def _class_ids(labels: list[str | None]) -> tuple[Int[np.ndarray, "rows"], int]:
    names = sorted({label for label in labels if label is not None})
    numbers = {name: number for number, name in enumerate(names)}
    ids = [numbers[label] if label is not None else -1 for label in labels]
    return np.array(ids, dtype=np.int64), len(names)


def _draw(
    stream: RandomStream, request: LabelRequest, pool: Pool, members: Members
) -> Int[np.ndarray, "groups images"]:
    blocks, count = request.split.blocks, request.split.groups_per_shard
    try:
        if request.strategy == "random":
            rows = np.flatnonzero(pool.ids >= 0)
            return draw_random_groups(stream, rows, group_size=sum(blocks), num_groups=count)
        return draw_groups(stream, members, blocks=blocks, num_groups=count)
    except ValueError as error:
        raise InputError(
            f"{request.split.split} split: {error}",
            place=request.root.url,
            remedy=_remedy(request, members),
        ) from error


def _remedy(request: LabelRequest, members: Members) -> str:
    if request.split.split == "validation":
        return "Set more images aside by --shards.num-validation-images, or 0, in another --output."
    if request.strategy == "random":
        return "Give a smaller --shards.group or more images, in another --output."
    size = max(request.split.blocks)
    unit = "classes" if request.strategy in CLASS_STRATEGIES else "clusters"
    return (
        f"The largest P with K = {size} is {len(members.eligible(size))} {unit} in this pool: give "
        "a smaller --shards.group, a larger --shards.pool-rows or other clusters, in another "
        "--output; --images-from takes over this run's embeddings."
    )


def _groups(request: LabelRequest, draw: ShardDraw, sizes: PartSizes) -> Iterator[Group]:
    """The groups in order, of images that are read part by part and only where they were drawn."""
    drawn = read_drawn(
        request.images.folder(IMAGES_FOLDER),
        request.root.folder(CLUSTERS_FOLDER),
        request.layout,
        np.unique(draw.image_ids),
        sizes,
    )
    step = max(1, _IMAGES_AT_ONCE // draw.image_ids.shape[1])  # small groups share one product
    for start in range(0, len(draw.image_ids), step):
        image_ids = draw.image_ids[start : start + step]
        cluster_ids = draw.cluster_ids[start : start + step]
        places = np.searchsorted(drawn.image_ids, image_ids)
        matrices = gram_matrix(drawn.embeddings[places])
        for ids, clusters_of, matrix, chosen in zip(
            image_ids, cluster_ids, matrices, places.tolist(), strict=True
        ):
            yield Group(
                images=tuple(map(drawn.images.__getitem__, chosen)),
                extensions=tuple(map(drawn.extensions.__getitem__, chosen)),
                similarities=matrix,
                image_ids=tuple(ids.tolist()),
                keys=tuple(map(drawn.keys.__getitem__, chosen)),
                cluster_ids=tuple(clusters_of.tolist()),
                labels=tuple(map(drawn.labels.__getitem__, chosen)),
                strategy=request.strategy,
                blocks=request.split.blocks,
            )
