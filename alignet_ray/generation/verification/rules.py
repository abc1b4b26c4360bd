"""What `config.yaml`, the listing and the records before them say that other records must be.

A run that was converted from triplets of somebody else has no teacher of ours and no clusters,
and its shards are runs of the rows of `triplets/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from alignet_ray.config.generate import AUTO
from alignet_ray.errors import RecordError
from alignet_ray.generation.conversion.triplets import TRIPLETS_FOLDER, TripletIndex
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
    """What a split and every shard of it must be; None where nothing says it.

    `num_triplets` are those of a converted split, which fix its shards.
    """

    split: str
    rows: range
    strategy: str
    blocks: tuple[int, ...]
    groups_per_shard: int
    num_images: int | None
    least_shards: int
    is_converted: bool = False
    num_triplets: int | None = None

    @property
    def most_shards(self) -> int | None:
        """Shards that there may be; None for any number."""
        return None if self.num_triplets is None else self.least_shards

    def triplets(self, shard: int) -> range | None:
        """The rows of a converted shard; the last one may be shorter."""
        if self.num_triplets is None:
            return None
        start = min(shard * self.groups_per_shard, self.num_triplets)
        return range(start, min(start + self.groups_per_shard, self.num_triplets))

    def num_groups(self, shard: int) -> int | None:
        """Groups of a shard."""
        if not self.is_converted:
            return self.groups_per_shard
        rows = self.triplets(shard)
        return None if rows is None else len(rows)


@dataclass(frozen=True, kw_only=True)
class RunRules:
    """A run's settings, where its records lie, and how they are cut.

    `image_root` holds listing and image table: the run's own root or one that it borrows from.
    `listing` is None where the listing cannot be read. `triplets` are the sound indexes of a
    converted run by split, `placed` the parts whose images' places it must have; `num_fitted` is
    the number of sound centroids.
    """

    root: Folder
    image_root: Folder
    settings: RunSettings
    layout: PartLayout
    listing: ListingIndex | None
    is_quick: bool = False
    triplets: Mapping[str, TripletIndex] = field(default_factory=dict)
    placed: frozenset[int] = frozenset()
    num_fitted: int | None = None

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
        """Number of clusters, as the settings say it or, where they leave it, the centroids."""
        asked = self.settings.clusters.get("num_clusters")
        return asked if isinstance(asked, int) else self.num_fitted

    @property
    def candidates(self) -> tuple[int, ...]:
        """The numbers of clusters among which the fit chose; none where it was given."""
        is_auto = self.settings.clusters.get("num_clusters") == AUTO
        return tuple(self.settings.clusters["candidates"]) if is_auto else ()

    def table_folders(self, split: str) -> tuple[str, ...]:
        """The folders of parts that a shard of a split is made from."""
        if self.is_converted:
            return (IMAGES_FOLDER, triplets_of(split))
        return (IMAGES_FOLDER, CLUSTERS_FOLDER) if self.has_clusters else (IMAGES_FOLDER,)

    def folder_of(self, name: str) -> Folder:
        """Where the parts of the image table, of the clusters or of triplets lie."""
        return (self.image_root if name == IMAGES_FOLDER else self.root).folder(name)

    def num_parts(self, name: str) -> int | None:
        """Parts in such a folder."""
        if name in {IMAGES_FOLDER, CLUSTERS_FOLDER}:
            return self.layout.num_parts
        index = self.triplets.get(name.removeprefix(f"{TRIPLETS_FOLDER}/"))
        return None if index is None else index.layout.num_parts

    @cached_property
    def splits(self) -> tuple[SplitRule, ...]:
        """The splits that the settings ask for."""
        shards = self.settings.shards
        if not self.is_converted:
            return split_rules(shards, self.layout.num_rows)
        return tuple(self._converted_rule(s) for s in SPLITS if s in shards["converted"])

    def _converted_rule(self, split: str) -> SplitRule:
        shards, index = self.settings.shards, self.triplets.get(split)
        num_triplets = None if index is None else index.num_triplets
        return SplitRule(
            split=split,
            rows=range(self.layout.num_rows),
            strategy=shards["strategy"],
            blocks=tuple(shards["blocks"]),
            groups_per_shard=shards["groups_per_shard"],
            num_images=None if index is None else index.num_images,
            least_shards=-(-(num_triplets or 1) // shards["groups_per_shard"]),
            is_converted=True,
            num_triplets=num_triplets,
        )


def triplets_of(split: str) -> str:
    """The folder of a split's triplets, as sidecars name it."""
    return f"{TRIPLETS_FOLDER}/{split}"


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
