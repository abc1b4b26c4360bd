"""The shards that are trained on: one or more runs, each pinned to its manifest.

Shards of all runs stand in one row, so that the planner knows only counts. What the groups of a
run have in common (strategy, blocks, teacher temperature) is its `Kind`.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from alignet_ray.errors import ConfigError, RecordError
from alignet_ray.functional.groups import num_triplets
from alignet_ray.records.digests import Json, sha256
from alignet_ray.records.manifest import MANIFEST_NAME, Manifest, ManifestShard, read_manifest
from alignet_ray.records.shards import (
    Group,
    Shard,
    end_of_read,
    read_groups,
    read_sidecar,
    shard_folder,
    sidecar_name,
    tar_name,
)
from alignet_ray.records.store import Folder

READ_BYTES = 4 << 20
"""A range read takes about this much, and one group at least."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a loss must know of a group."""

    strategy: str
    blocks: tuple[int, ...]
    teacher_temperature: float

    @property
    def num_images(self) -> int:
        """Images in a group."""
        return sum(self.blocks)

    @property
    def num_triplets(self) -> int:
        """Triplets in a group."""
        return num_triplets(self.strategy, self.blocks)


Labelled = tuple[Kind, Group]


@dataclass(frozen=True, kw_only=True)
class Source:
    """One run's split, pinned to the shards that its manifest names."""

    root: str
    manifest: Manifest

    @cached_property
    def folder(self) -> Folder:
        """Where the shards lie."""
        return shard_folder(Folder(self.root), self.manifest.split)

    @property
    def kind(self) -> Kind:
        """What the groups have in common."""
        return Kind(
            strategy=self.manifest.strategy,
            blocks=self.manifest.blocks,
            teacher_temperature=self.manifest.teacher_temperature,
        )

    def pin(self) -> Json:
        """What a training run writes down of the source."""
        shards = len(self.manifest.shards)
        return {"digest": self.manifest.digest, "pin": self.manifest.pin(shards), "shards": shards}


@dataclass(frozen=True)
class Sources:
    """The shards of several runs in one row, each known by its place in it."""

    sources: tuple[Source, ...]

    @cached_property
    def _ends(self) -> list[int]:
        ends: list[int] = []
        for source in self.sources:
            ends.append((ends[-1] if ends else 0) + len(source.manifest.shards))
        return ends

    @property
    def group_counts(self) -> tuple[int, ...]:
        """Groups of each shard."""
        return tuple(s.samples for source in self.sources for s in source.manifest.shards)

    @property
    def images_per_group(self) -> int:
        """Images in the largest group."""
        return max(source.kind.num_images for source in self.sources)

    def groups(self, index: int, first: int, last: int) -> Iterator[Labelled]:
        """Groups [first, last) of a shard of the row, by range reads of about READ_BYTES.

        Raises RecordError where the shard is missing, broken or not the pinned one.
        """
        place = bisect_right(self._ends, index)
        source = self.sources[place]
        start_of_source = self._ends[place] - len(source.manifest.shards)
        shard = _sidecar(source, index - start_of_source)
        while first < last:
            end = end_of_read(shard, first, last, READ_BYTES)
            for group in read_groups(source.folder, shard, first, end):
                yield source.kind, _expected(group, source, shard)
            first = end


def _expected(group: Group, source: Source, shard: Shard) -> Group:
    """The group, once it is seen to have the images that the manifest promises."""
    images = source.kind.num_images
    if group.similarities.shape != (images, images) or len(group.images) != images:
        raise RecordError(
            f"a group of {len(group.images)} images", f"the {images} that its manifest names",
            source.folder.place(tar_name(shard.shard)),
        )  # fmt: skip
    return group


def _sidecar(source: Source, index: int) -> Shard:
    pinned: ManifestShard = source.manifest.shards[index]
    shard = read_sidecar(source.folder, pinned.shard)
    found = sha256(source.folder.read(sidecar_name(pinned.shard)))
    if found != pinned.sidecar_sha256:
        raise RecordError(
            f"SHA-256 {found[:12]}", f"{pinned.sidecar_sha256[:12]}, which the manifest names",
            source.folder.place(sidecar_name(pinned.shard)),
            "Delete the shard and its sidecar and run generate again.",
        )  # fmt: skip
    return shard


def open_sources(
    roots: Sequence[str], split: str, teacher_temperature: float | None
) -> Sources | None:
    """The runs' shards of a split; None where none of the runs has the split.

    Raises ConfigError where a run has no finished training split.
    """
    sources: list[Source] = []
    for root in roots:
        folder = Folder.at(root)
        manifest = read_manifest(folder, split)
        if manifest is None and split == "train":
            place = shard_folder(folder, split).place(MANIFEST_NAME)
            raise ConfigError("no manifest", "a finished run", place, "Run jobs/generate.py first.")
        if manifest is not None and manifest.num_groups:
            temperature = teacher_temperature or manifest.teacher_temperature
            pinned = replace(manifest, teacher_temperature=temperature)
            sources.append(Source(root=folder.url, manifest=pinned))
    return Sources(tuple(sources)) if sources else None
