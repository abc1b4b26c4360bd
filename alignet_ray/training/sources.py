"""The shards that are trained on: one or more runs, each pinned to the head of its manifest.

Shards of all runs stand in one row, so that the planner knows only counts. What the groups of a
run have in common (strategy, blocks, teacher temperature) is its `Kind`.
"""

import operator
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import Any

from alignet_ray.config.streaming import StreamingConfig
from alignet_ray.errors import ConfigError, RecordError
from alignet_ray.functional.groups import num_triplets
from alignet_ray.functional.planner import Era
from alignet_ray.functional.shard_row import Joined, Segment, row_of
from alignet_ray.records.manifest import MANIFEST_NAME, Manifest, ManifestShard, read_manifest
from alignet_ray.records.shards import Group, shard_folder, tar_name
from alignet_ray.records.store import Folder
from alignet_ray.training.shard_cache import Say, ShardCache
from alignet_ray.training.shard_reads import ShardReads, blocks


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


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")


@dataclass(frozen=True)
class Sources:
    """The shards of several runs in one row, each known by its place in it."""

    sources: tuple[Source, ...]
    segments: tuple[Segment, ...]
    eras: tuple[Era, ...]
    reading: StreamingConfig = field(default_factory=StreamingConfig)

    def __getstate__(self) -> dict[str, Any]:
        """Without what only this process has: open files' facts and locks."""
        return {k: v for k, v in self.__dict__.items() if k in self.__dataclass_fields__}

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(s.last - s.first for s in self.segments))

    @cached_property
    def _reads(self) -> ShardReads:
        cache = None
        if self.reading.cache is not None:
            cache = ShardCache(self.reading.cache, self.reading.cache_bytes, self._say)
        return ShardReads(self._say, cache=cache, is_tolerant=self.reading.tolerate_bad_shards)

    @cached_property
    def _listeners(self) -> list[Say]:
        return [_to_stderr]

    def _say(self, line: str) -> None:
        for say in self._listeners:
            say(line)

    def listen(self, say: Say) -> None:
        """In this process, bring warnings of lost groups and of the cache here; else to stderr."""
        self._listeners[:] = [say]

    @cached_property
    def group_counts(self) -> tuple[int, ...]:
        """Groups of each shard."""
        return tuple(
            entry.samples
            for segment in self.segments
            for entry in self.sources[segment.run].manifest.shards[segment.first : segment.last]
        )

    @property
    def images_per_group(self) -> int:
        """Images in the largest group."""
        return max(source.kind.num_images for source in self.sources)

    @property
    def mean_images_per_group(self) -> float:
        """Images in a group, on average over all groups."""
        counts = [source.manifest.num_groups for source in self.sources]
        sizes = [source.kind.num_images for source in self.sources]
        return sum(map(operator.mul, counts, sizes)) / max(1, sum(counts))

    def hold(self, num_streams: int) -> None:
        """Make room for the sidecars that so many streams read at a time."""
        self._reads.hold(num_streams)

    def at(self, index: int) -> tuple[Source, ManifestShard]:
        """The run of a shard of the row, and the manifest's line for it."""
        place = bisect_right(self._ends, index)
        segment = self.segments[place]
        source = self.sources[segment.run]
        return source, source.manifest.shards[segment.last - (self._ends[place] - index)]

    def blocks(self, index: int, first: int, last: int) -> list[tuple[int, int]]:
        """Groups [first, last) of a shard of the row, cut as they are read."""
        return list(blocks(self.at(index)[1], first, last))

    def block(self, index: int, first: int, last: int) -> list[Labelled | None]:
        """Groups [first, last) of one block of a shard of the row; safe in any thread.

        Raises RecordError where the shard is missing, broken or not the pinned one; where broken
        shards are tolerated, None stands for each group that is lost.
        """
        source, entry = self.at(index)
        found = self._reads.block(source.folder, entry, first, last)
        return [g and self._labelled(g, source, entry) for g in found]

    def _labelled(self, group: Group, source: Source, entry: ManifestShard) -> Labelled | None:
        try:
            return source.kind, _expected(group, source, entry)
        except RecordError as error:
            if self.skip is None:
                raise
            self.skip(error)
            return None

    def groups(self, index: int, first: int, last: int) -> Iterator[Labelled]:
        """Groups [first, last) of a shard of the row, block by block, without those that are
        lost.
        """
        for begin, end in self.blocks(index, first, last):
            yield from filter(None, self.block(index, begin, end))

    @property
    def skip(self) -> Callable[[RecordError], None] | None:
        """What a decoder does with a group whose image is broken: tells why, and leaves it out; or
        None, where it is an error.
        """
        return self._reads.tell if self.reading.tolerate_bad_shards else None


def _expected(group: Group, source: Source, entry: ManifestShard) -> Group:
    """The group, once it is seen to have the images that the manifest promises."""
    images = source.kind.num_images
    if group.similarities.shape != (images, images) or len(group.images) != images:
        raise RecordError(
            f"a group of {len(group.images)} images", f"the {images} that its manifest names",
            source.folder.place(tar_name(entry.shard)),
        )  # fmt: skip
    return group


def read_manifests(roots: Sequence[str], split: str) -> list[Manifest | None]:
    """Each run's manifest of a split. Raises ConfigError for a run that has no training split."""
    found: list[Manifest | None] = []
    for root in roots:
        folder = Folder.at(root)
        manifest = read_manifest(folder, split)
        if manifest is None and split == "train":
            place = shard_folder(folder, split).place(MANIFEST_NAME)
            raise ConfigError(
                "no manifest", "a finished run", place,
                "Check --runs, or run jobs/generate.py first.",
            )  # fmt: skip
        found.append(manifest)
    return found


def sources_of(
    roots: Sequence[str],
    manifests: Sequence[Manifest | None],
    joined: Sequence[Joined],
    teacher_temperature: float | None,
    reading: StreamingConfig,
) -> Sources | None:
    """The runs' shards in one row; None where there are none. Runs that have none are left out."""
    sources: list[Source] = []
    kept: list[Joined] = []
    for root, manifest, entries in zip(roots, manifests, joined, strict=True):
        if manifest is None or not entries or not entries[-1][1]:
            continue
        pinned = replace(
            manifest,
            shards=manifest.shards[: entries[-1][1]],
            teacher_temperature=teacher_temperature or manifest.teacher_temperature,
        )
        sources.append(Source(root=Folder.at(root).url, manifest=pinned))
        kept.append(entries)
    segments, eras = row_of(kept)
    return Sources(tuple(sources), segments, eras, reading) if sources else None


def open_sources(
    roots: Sequence[str],
    split: str,
    teacher_temperature: float | None,
    reading: StreamingConfig | None = None,
) -> Sources | None:
    """All shards that the runs' manifests of a split name now; None where there are none."""
    manifests = read_manifests(roots, split)
    joined = [((0, len(m.shards)),) if m else () for m in manifests]
    reading = reading or StreamingConfig()
    return sources_of(roots, manifests, joined, teacher_temperature, reading)
