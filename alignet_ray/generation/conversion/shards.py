"""Shards of converted triplets: each is a pure function of a run of rows and the image table.

A sample is one triplet: three images and a Gram matrix with the given similarities off its
diagonal. The images stand in the file's order, the odd one last, so the blocks of a border triplet
tell the teacher's choice and not from which cluster an image was drawn; nobody told us clusters.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from alignet_ray.functional.released_triplets import triplet_gram
from alignet_ray.generation.conversion.places import Places
from alignet_ray.generation.conversion.plan import triplet_blocks
from alignet_ray.generation.conversion.triplets import (
    TRIPLETS_FOLDER,
    Ids,
    Similarities,
    TripletIndex,
    read_index,
    read_triplets,
    triplet_folder,
)
from alignet_ray.generation.splits import known_shards
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.manifest import Manifest, ManifestShard, manifest_shard, write_manifest
from alignet_ray.records.parts import PartLayout
from alignet_ray.records.parts import read_sidecar as read_part_sidecar
from alignet_ray.records.shards import (
    Group,
    kept_shard,
    shard_folder,
    sidecar_name,
    tar_name,
    write_shard,
)
from alignet_ray.records.store import Folder
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks

_NO_CLUSTER = -1


@dataclass(frozen=True, kw_only=True)
class ConvertedShardRequest:
    """Everything that a shard of one split is made from, but its number and the images' places."""

    root: Folder
    split: str
    layout: PartLayout
    groups_per_shard: int
    strategy: str
    settings_digest: str

    @property
    def blocks(self) -> tuple[int, ...]:
        """The blocks of a triplet."""
        return triplet_blocks(self.strategy)

    @property
    def num_shards(self) -> int:
        """Shards in all; the last one may be shorter."""
        return -(-self.layout.num_rows // self.groups_per_shard)

    def rows(self, shard: int) -> range:
        """The triplets of a shard."""
        start = shard * self.groups_per_shard
        return range(start, min(start + self.groups_per_shard, self.layout.num_rows))


@dataclass(frozen=True, kw_only=True)
class ConvertedSplit:
    """A split as it now is."""

    split: str
    index: TripletIndex
    num_shards: int
    num_new_shards: int
    num_remade: int
    num_bytes: int
    has_new_manifest: bool

    @property
    def has_written(self) -> bool:
        """Whether this call wrote a shard or the manifest."""
        return self.num_new_shards > 0 or self.has_new_manifest


def make_shard(
    shard: int, request: ConvertedShardRequest, places: Places
) -> tuple[ManifestShard, bool]:
    """Write a shard, or keep the one that is there; its manifest line, and whether it is new."""
    folder, rows = shard_folder(request.root, request.split), request.rows(shard)
    triplets = triplet_folder(request.root, request.split)
    ids, similarities = read_triplets(triplets, request.layout, rows.start, rows.stop)
    image_ids = np.unique(ids)
    first, last = (
        rows.start // request.layout.part_rows,
        (rows.stop - 1) // request.layout.part_rows,
    )
    parts = {
        IMAGES_FOLDER: places.part_digests(image_ids),
        f"{TRIPLETS_FOLDER}/{request.split}": {
            f"{part:06d}": read_part_sidecar(triplets, part)["sha256"]
            for part in range(first, last + 1)
        },
    }
    kept = kept_shard(folder, shard, request.settings_digest, parts)
    if kept is not None:
        return manifest_shard(folder, kept), False
    record = write_shard(
        folder,
        _groups(ids, similarities, places, request),
        shard=shard,
        split=request.split,
        settings_digest=request.settings_digest,
        parts=parts,
        statistics={},
    )
    return manifest_shard(folder, record), True


def _groups(
    ids: Ids, similarities: Similarities, places: Places, request: ConvertedShardRequest
) -> Iterator[Group]:
    images = places.read_images(np.unique(ids))
    for triplet, pairs in zip(ids.tolist(), similarities, strict=True):
        shown = [images[image_id] for image_id in triplet]
        yield Group(
            images=tuple(row["image"] for row in shown),
            extensions=tuple(row["extension"] for row in shown),
            similarities=triplet_gram(pairs),
            image_ids=tuple(triplet),
            keys=tuple(row["key"] for row in shown),
            cluster_ids=(_NO_CLUSTER,) * 3,
            labels=tuple(row["label"] for row in shown),
            strategy=request.strategy,
            blocks=request.blocks,
        )


def write_split(
    request: ConvertedShardRequest,
    places: Places,
    *,
    teacher_temperature: float,
    shows_progress: bool,
) -> ConvertedSplit:
    """Make the shards that are missing and write the manifest."""
    root, split = request.root, request.split
    known = known_shards(root, split)
    lines = known.finished
    folder = shard_folder(root, split)
    for shard in range(request.num_shards, known.num_ever):  # of a time when fewer were rejected
        lines.pop(shard, None)
        folder.delete(sidecar_name(shard))
        folder.delete(tar_name(shard))
    missing = [shard for shard in range(request.num_shards) if shard not in lines]
    num_new = num_remade = 0
    with progress(f"write {split}", len(missing), "shards", is_shown=shows_progress) as advance:
        for shard, (line, is_new) in map_tasks(make_shard, missing, request, places):
            lines[shard] = line
            num_new += is_new
            num_remade += is_new and shard in known.broken
            advance(1)
    index = read_index(root, split)
    assert index is not None
    manifest = Manifest(
        digest=request.settings_digest,
        split=split,
        strategy=request.strategy,
        blocks=request.blocks,
        teacher_temperature=teacher_temperature,
        num_images=index.num_images,
        shards=tuple(lines[shard] for shard in sorted(lines)),
    )
    has_new_manifest = write_manifest(root, manifest)
    return ConvertedSplit(
        split=split,
        index=index,
        num_shards=len(manifest.shards),
        num_new_shards=num_new,
        num_remade=num_remade,
        has_new_manifest=has_new_manifest,
        num_bytes=sum(line.bytes for line in manifest.shards),
    )
