"""What `config.yaml` and the listing say that the other records must be.

A run that was converted from triplets of somebody else has no teacher of ours: its table holds no
embeddings, it has no clusters, and its shards are as large as the source made them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from alignet_ray.errors import RecordError
from alignet_ray.generation.plan import split_plans
from alignet_ray.records.clusters import CLUSTERS_FOLDER
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.listing import ListingIndex
from alignet_ray.records.parts import PartLayout
from alignet_ray.records.run import CONFIG_NAME, RunSettings, Settings
from alignet_ray.records.shards import SPLITS
from alignet_ray.records.store import Folder


@dataclass(frozen=True, kw_only=True)
class SplitRule:
    """What every shard of a split must be; None where nothing says it."""

    split: str
    rows: range
    strategy: str | None
    blocks: tuple[int, ...] | None
    groups_per_shard: int | None
    num_images: int | None
    least_shards: int


@dataclass(frozen=True, kw_only=True)
class RunRules:
    """A run's settings, where its records lie, and how they are cut.

    `image_root` holds listing and image table: the run's own root or one that it borrows from.
    `listing` is None where the listing cannot be read.
    """

    root: Folder
    image_root: Folder
    settings: RunSettings
    layout: PartLayout
    listing: ListingIndex | None
    is_quick: bool = False

    @property
    def borrows_images(self) -> bool:
        """Whether listing and image table belong to another run."""
        return self.settings.images_from is not None

    @property
    def is_converted(self) -> bool:
        """Whether the shards were made from triplets that somebody else labelled."""
        return bool(self.settings.shards.get("converted"))

    @property
    def has_embeddings(self) -> bool:
        """Whether the image table holds the teacher's raw embeddings."""
        return self.settings.images.get("backbone") is not None

    @property
    def has_clusters(self) -> bool:
        """Whether there are clusters."""
        return bool(self.settings.clusters)

    @property
    def is_untransformed(self) -> bool:
        """Whether the clusters hold the raw embeddings themselves."""
        return self.has_clusters and self.settings.clusters.get("transform", "") is None

    @property
    def num_clusters(self) -> int | None:
        """Number of clusters, where the settings say it in figures."""
        asked = self.settings.clusters.get("num_clusters")
        return asked if isinstance(asked, int) else None

    @property
    def table_folders(self) -> tuple[str, ...]:
        """The folders of parts that a shard is made from."""
        return (IMAGES_FOLDER, CLUSTERS_FOLDER) if self.has_clusters else (IMAGES_FOLDER,)

    def folder_of(self, name: str) -> Folder:
        """Where the parts of the image table or of the clusters lie."""
        return (self.image_root if name == IMAGES_FOLDER else self.root).folder(name)

    @cached_property
    def splits(self) -> tuple[SplitRule, ...]:
        """The splits that the settings ask for; none are known of a converted run."""
        if self.is_converted:
            return ()
        return split_rules(self.settings.shards, self.layout.num_rows)

    def splits_among(self, found: Collection[str]) -> tuple[SplitRule, ...]:
        """The splits to check, given those that have files."""
        if not self.is_converted:
            return self.splits
        present = [split for split in SPLITS if split in found] or [SPLITS[0]]
        return tuple(self._converted_rule(split) for split in present)

    def _converted_rule(self, split: str) -> SplitRule:
        shards = self.settings.shards
        blocks = shards.get("blocks")
        return SplitRule(
            split=split,
            rows=range(self.layout.num_rows),
            strategy=shards.get("strategy"),
            blocks=tuple(blocks) if blocks else None,
            groups_per_shard=None,
            num_images=None,
            least_shards=1,
        )


def split_rules(shards: Settings, num_rows: int) -> tuple[SplitRule, ...]:
    """The splits of a generated run; of the training split any number of shards may be there."""
    return tuple(
        SplitRule(
            split=plan.split,
            rows=range(plan.first_row, plan.last_row),
            strategy=shards["strategy"],
            blocks=plan.blocks,
            groups_per_shard=plan.groups_per_shard,
            num_images=plan.num_images,
            least_shards=plan.num_shards,
        )
        for plan in split_plans(shards, num_rows, num_groups=1)
    )


def layout_of(root: Folder, settings: RunSettings, num_rows: int) -> PartLayout:
    """How the settings cut a table of so many rows. Raises RecordError where they do not say."""
    return PartLayout(
        num_rows=num_rows,
        part_rows=_needed(root, settings.images, "part_rows"),
        row_group_rows=_needed(root, settings.images, "row_group_rows"),
    )


def _needed(root: Folder, settings: Settings, name: str) -> Any:
    if name not in settings:
        raise RecordError(f"no images.{name}", "the settings of a run", root.place(CONFIG_NAME))
    return settings[name]
