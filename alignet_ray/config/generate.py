"""Settings of `jobs/generate.py`."""

import re
from dataclasses import dataclass, field
from typing import Literal

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.config.checks import above, at_least, within
from alignet_ray.config.resources import Resources
from alignet_ray.config.sources import SourceConfig
from alignet_ray.config.urls import absolute_plugins, absolute_url
from alignet_ray.errors import ConfigError

UNTRANSFORMED = "untransformed"
TRIPLET = "triplet"
AUTO = "auto"

Strategy = Literal["cluster_border", "class_border", "within_cluster", "within_class", "random"]

_P_BY_K = re.compile(r"(\d+)x(\d+)")


@dataclass(frozen=True, kw_only=True)
class StoredConfig:
    """The copies of the images that students read."""

    resolution: int = 256
    """Longest allowed shorter side, in pixels."""
    quality: int = 90
    """JPEG quality."""
    original: bool = False
    """Keep the files' own bytes instead."""

    def __post_init__(self) -> None:
        at_least("stored.resolution", self.resolution, 8)
        within("stored.quality", self.quality, 1, 100)


@dataclass(frozen=True, kw_only=True)
class EmbeddingConfig:
    """How the teacher's backbone is run over the images."""

    batch_size: int = 64
    """Images in one forward pass; the last one of a part is padded to it."""
    part_rows: int = 512
    """Images in one file of the image table."""
    row_group_rows: int = 128
    """Images in one row group, the least that a label task reads."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """`auto`: bfloat16 on GPUs, float32 on CPUs."""
    max_rejected_fraction: float = 0.01
    """More broken images than this, of all, stop the job."""

    def __post_init__(self) -> None:
        at_least("embedding.batch_size", self.batch_size, 1)
        at_least("embedding.row_group_rows", self.row_group_rows, 1)
        within("embedding.max_rejected_fraction", self.max_rejected_fraction, 0, 1)
        if self.part_rows < 1 or self.part_rows % self.row_group_rows:
            raise ConfigError(
                f"{self.part_rows}", f"a multiple of row_group_rows ({self.row_group_rows})",
                "--embedding.part-rows",
            )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ClusterConfig:
    """k-means on the transformed embeddings."""

    num_clusters: int | Literal["auto"] | None = None
    """Number of clusters; default min(500, images / 40); `auto` finds it by the elbow of the
    inertia, and keeps the curve."""
    num_iterations: int = 25
    """Iterations of one fit."""
    num_restarts: int = 3
    """Fits from other starts; the one with the least inertia is kept."""
    points_per_cluster: int = 256
    """Most images a cluster that a fit reads; a seeded sample where there are more."""

    def __post_init__(self) -> None:
        if self.num_clusters != AUTO:
            at_least("clusters.num_clusters", self.num_clusters, 1)
        at_least("clusters.num_iterations", self.num_iterations, 1)
        at_least("clusters.num_restarts", self.num_restarts, 1)
        at_least("clusters.points_per_cluster", self.points_per_cluster, 1)


@dataclass(frozen=True, kw_only=True)
class ShardConfig:
    """What the groups are and how they are drawn."""

    strategy: Strategy = "cluster_border"
    """Which images may share a group; the paper's choice is cluster_border."""
    group: str | None = None
    """`PxK` (P clusters, K images of each) or `triplet` (the paper's); default 48x4, with a
    smaller P where there are few clusters."""
    groups_per_shard: int | None = None
    """Groups in one shard; default so that an epoch has at least 16 shards of bounded size."""
    pool_rows: int | None = None
    """Table rows that one shard draws from; default max(16384, 32 x clusters)."""
    num_validation_images: int | None = None
    """Images set aside for validation; default a tenth, 50,000 at most."""
    shared_images: bool = False
    """Validation groups may use training images, as in the paper."""
    teacher_temperature: float | Literal["auto"] = 1.0
    """Temperature of the soft labels, handed to the trainer; `auto` gives them the mean entropy
    of another run's (--shards.entropy-from)."""
    entropy_from: str | None = None
    """Run whose mean label entropy `auto` matches; default the run of --images-from."""

    def __post_init__(self) -> None:
        at_least("shards.groups_per_shard", self.groups_per_shard, 1)
        at_least("shards.pool_rows", self.pool_rows, 3)
        if self.num_validation_images in {1, 2}:
            raise ConfigError(
                f"{self.num_validation_images}", "0, or the 3 of one triplet at least",
                "--shards.num-validation-images",
            )  # fmt: skip
        at_least("shards.num_validation_images", self.num_validation_images, 0)
        if self.teacher_temperature != AUTO:
            above("shards.teacher_temperature", self.teacher_temperature, 0)
            if self.entropy_from is not None:
                raise ConfigError(
                    f"{self.entropy_from} with temperature {self.teacher_temperature:g}",
                    "--shards.teacher-temperature auto", "--shards.entropy-from",
                )  # fmt: skip
        if self.group is not None and len(self.blocks) == 1 and self.strategy.endswith("border"):
            raise ConfigError(
                repr(self.group), "at least 2 clusters for a border", "--shards.group"
            )

    @property
    def blocks(self) -> tuple[int, ...]:
        """Sizes of the asked group's runs of images that share a cluster or class."""
        if self.group is None:
            return ()
        if self.group == TRIPLET:
            return (2, 1) if self.strategy.endswith("border") else (3,)
        match = _P_BY_K.fullmatch(self.group)
        num_blocks, size = map(int, match.groups()) if match else (0, 0)
        minimum = 3 if self.strategy.startswith("within") else 2
        is_random = self.strategy == "random"
        if num_blocks * size < 3 or (size < minimum and not is_random):
            raise ConfigError(
                repr(self.group),
                f"`{TRIPLET}` or PxK with K at least {minimum}, 3 images or more, such as 48x4",
                "--shards.group",
            )
        if is_random:
            return (num_blocks * size,)
        return (size,) * num_blocks


_ABOUT_EMBEDDING = {
    "source": SourceConfig(),
    "stored": StoredConfig(),
    "embedding": EmbeddingConfig(),
    "backbone": BackboneConfig(),
    "checkpoint": None,
    "plugins": (),
}


@dataclass(frozen=True, kw_only=True)
class GenerateConfig:
    """Images to soft-label shards: list, embed, cluster, label. Run it again to go on.

    Needed are --images (or --images-from), --teacher and --output, and --backbone.name for an
    untransformed teacher; all else has a default. --dry-run says what would come of them.
    """

    images: tuple[str, ...] = ()
    """Images at any fsspec URL: a folder tree (the first sub-folder is the label), a list in CSV
    or Parquet, or tars; several are told apart by NAME=URL or where their paths part."""
    images_from: str | None = None
    """Run whose image table to use instead: another teacher or other clusters never embed again."""
    output: str
    """Root of the run, at any fsspec URL."""
    teacher: str
    """Teacher bundle written by fit_teacher, or `untransformed` for the raw backbone."""
    checkpoint: str | None = None
    """Where the bundle's backbone weights lie here, if not where the bundle says."""
    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    """Backbone of an untransformed teacher."""
    plugins: tuple[str, ...] = ()
    """Modules of your own to import first: dotted names or .py files."""
    num_groups: int | None = None
    """Training groups; default one expected draw an image. Rounds up to whole shards."""
    num_triplets: int | None = None
    """Training triplets instead; rounds up to whole groups and shards."""
    seed: int = 0
    """Seed of order, clusters and draws."""
    dry_run: bool = False
    """Say what would be made (bytes, forward passes, draws, coverage), and write nothing."""
    source: SourceConfig = field(default_factory=SourceConfig)
    """How images are read."""
    stored: StoredConfig = field(default_factory=StoredConfig)
    """Copies of images in shards."""
    embedding: EmbeddingConfig = field(default_factory=EmbeddingConfig)
    """Teacher's forward passes."""
    clusters: ClusterConfig = field(default_factory=ClusterConfig)
    """k-means."""
    shards: ShardConfig = field(default_factory=ShardConfig)
    """Groups and draws."""
    resources: Resources = field(default_factory=Resources)
    """Machines."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "plugins", absolute_plugins(self.plugins))
        at_least("num_groups", self.num_groups, 1)
        at_least("seed", self.seed, 0)
        at_least("num_triplets", self.num_triplets, 1)
        if self.num_groups is not None and self.num_triplets is not None:
            raise ConfigError("both given", "one of the two", "--num-groups and --num-triplets")
        self._check_images()
        self._check_teacher()
        if self.clusters.num_clusters == 1 and self.shards.strategy == "cluster_border":
            raise ConfigError(
                "1 with --shards.strategy cluster_border", "2 or more: a border lies between two",
                "--clusters.num-clusters", "Leave it out for a default that fits.",
            )  # fmt: skip

    def _check_images(self) -> None:
        if bool(self.images) == (self.images_from is not None):
            found = "both given" if self.images else "neither given"
            raise ConfigError(found, "one of the two", "--images and --images-from")
        for url in self.images:
            if f"{absolute_url(self.output)}/".startswith(f"{absolute_url(url)}/"):
                raise ConfigError(
                    f"{self.output} inside {url}", "a root outside the images",
                    "--output", "The run's own files would be listed with them.",
                )  # fmt: skip
        if self.source.labels is not None and len(self.images) > 1:
            raise ConfigError(
                f"{self.source.labels} for {len(self.images)} sources", "labels of one source",
                "--source.labels",
            )  # fmt: skip
        if self.images_from is None:
            return
        for name, default in _ABOUT_EMBEDDING.items():
            if getattr(self, name) != default:
                raise ConfigError(
                    f"{name} beside a finished image table", "the table's own",
                    f"--{name}", "Leave it out, or give --images.",
                )  # fmt: skip

    def _check_teacher(self) -> None:
        if self.teacher == UNTRANSFORMED and self.checkpoint is not None:
            raise ConfigError(
                f"{self.checkpoint} for an untransformed teacher",
                "a bundle whose weights lie elsewhere",
                "--checkpoint",
                "Give --backbone.checkpoint.",
            )
        if self.teacher != UNTRANSFORMED and self.backbone != BackboneConfig():
            raise ConfigError(
                "backbone settings beside a bundle",
                "the bundle's own backbone",
                "--backbone",
                "Leave them out, or say --teacher untransformed.",
            )
