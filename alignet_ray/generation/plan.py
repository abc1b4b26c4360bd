"""What a run will be, decided before anything is written: settings of each stage, and counts.

Every default that depends on the images is resolved here, from the listing alone, and frozen in
`config.yaml`; machine facts never come in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.config.generate import AUTO, GenerateConfig, ShardConfig
from alignet_ray.errors import ConfigError, InputError
from alignet_ray.functional.elbow import candidate_counts
from alignet_ray.functional.groups import CLASS_STRATEGIES, num_triplets
from alignet_ray.plurals import counted
from alignet_ray.records.parts import PartLayout
from alignet_ray.records.run import RunSettings
from alignet_ray.records.teacher_bundle import Transform

IMAGES_PER_CLUSTER = 40
MOST_CLUSTERS = 500
DEFAULT_BLOCKS = 48
DEFAULT_BLOCK_SIZE = 4
MOST_VALIDATION_IMAGES = 50_000
LEAST_VALIDATION_IMAGES = 3
MOST_VALIDATION_TRIPLETS = 10_000
SHARD_IMAGES = 6144
SHARD_BYTES = 1 << 28
"""Of original files, which may be large: a shard is built in memory."""
SHARDS_PER_EPOCH = 16
LEAST_POOL_ROWS = 16_384
POOL_ROWS_PER_CLUSTER = 32


@dataclass(frozen=True, kw_only=True)
class SplitPlan:
    """One split: the listing rows it draws from, what a group is, and how many shards to have.

    `num_drawable` are the images that can be in a group, where that is known before any draw:
    class strategies never draw an image without a label.
    """

    split: str
    first_row: int
    last_row: int
    blocks: tuple[int, ...]
    groups_per_shard: int
    num_shards: int
    num_drawable: int | None = None

    @property
    def num_images(self) -> int:
        """Listing rows that the split draws from."""
        return self.last_row - self.first_row

    @property
    def num_groups(self) -> int:
        """Groups in all its shards."""
        return self.num_shards * self.groups_per_shard

    @property
    def num_draws(self) -> int:
        """Images drawn in all its groups."""
        return self.num_groups * sum(self.blocks)


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """Settings to freeze, layout of parts, numbers of clusters to try, and the splits."""

    settings: RunSettings
    layout: PartLayout
    candidates: tuple[int, ...]
    splits: tuple[SplitPlan, ...]


def image_settings(
    config: GenerateConfig,
    listing_sha256: str,
    sources: Sequence[str],
    backbone: ResolvedBackbone,
    precision: str,
) -> dict[str, Any]:
    """What the image table is made from; a run may borrow a finished table's instead."""
    return {
        "listing": listing_sha256,
        "sources": list(sources),
        "seed": config.seed,
        "backbone": backbone.identity(),
        "precision": precision,
        "batch_size": config.embedding.batch_size,
        "part_rows": config.embedding.part_rows,
        "row_group_rows": config.embedding.row_group_rows,
        "stored": dict(vars(config.stored)),
    }


def plan_run(
    config: GenerateConfig,
    images: Mapping[str, Any],
    num_images: int,
    transform: Transform | None,
    label_sizes: Mapping[str, int],
    *,
    images_from: str | None = None,
    target_entropy: float | None = None,
    mean_image_bytes: float = 0.0,
) -> RunPlan:
    """Resolve every setting; `label_sizes` are the images of each label in the listing, and
    `mean_image_bytes` is the mean size of the files.

    Raises ConfigError or InputError where no group can be drawn.
    """
    candidates = _candidates(config, num_images)
    clusters = {
        "transform": transform.settings() if transform else None,
        "seed": config.seed,
        **vars(config.clusters),
    }
    if config.clusters.num_clusters == AUTO:
        clusters["candidates"] = list(candidates)
    else:
        (clusters["num_clusters"],) = candidates
    num_sources = _num_sources(config, candidates[0], label_sizes)
    image_bytes = mean_image_bytes if images["stored"]["original"] else 0.0
    shards = _shard_settings(config, num_images, num_sources, image_bytes)
    num_pools = len(label_sizes) if config.shards.strategy in CLASS_STRATEGIES else candidates[-1]
    shards["pool_rows"] = shards["pool_rows"] or max(
        LEAST_POOL_ROWS, POOL_ROWS_PER_CLUSTER * num_pools
    )
    shards["target_entropy"] = target_entropy
    layout = PartLayout(
        num_rows=num_images,
        part_rows=images["part_rows"],
        row_group_rows=images["row_group_rows"],
    )
    settings = RunSettings(images=images, clusters=clusters, shards=shards, images_from=images_from)
    return RunPlan(
        settings=settings,
        layout=layout,
        candidates=candidates,
        splits=split_plans(shards, num_images, _num_groups(config, shards, num_images)),
    )


def _candidates(config: GenerateConfig, num_images: int) -> tuple[int, ...]:
    """The number of clusters, or those among which the elbow is looked for.

    No fewer are tried than a group takes.
    """
    asked = config.clusters.num_clusters
    least = 2 if config.shards.strategy in CLASS_STRATEGIES else max(2, len(config.shards.blocks))
    default = max(2, min(MOST_CLUSTERS, num_images // IMAGES_PER_CLUSTER))
    if asked == AUTO:
        smallest = max(least, default // 8)
        return candidate_counts(smallest, max(smallest, 2 * default))
    if asked is not None and int(asked) > num_images:
        raise ConfigError(
            f"{asked} clusters", f"at most the {num_images:,} images there are",
            "--clusters.num-clusters", "Leave it out for a default that fits.",
        )  # fmt: skip
    return (default if asked is None else int(asked),)


def _num_sources(config: GenerateConfig, num_clusters: int, label_sizes: Mapping[str, int]) -> int:
    """How many clusters, or classes with enough images for a block, groups can draw from."""
    if config.shards.strategy not in CLASS_STRATEGIES:
        return num_clusters
    least = max(config.shards.blocks, default=DEFAULT_BLOCK_SIZE)
    num_classes = sum(size >= least for size in label_sizes.values())
    if num_classes < 2:
        raise _too_few_classes(config, num_classes, len(label_sizes), least)
    return num_classes


def _too_few_classes(
    config: GenerateConfig, num_large: int, num_classes: int, least: int
) -> InputError:
    known = counted(num_classes, "class", "classes")
    found = f"{num_large} of {known} with {counted(least, 'image')} or more"
    remedy = "take a cluster strategy, such as cluster_border."
    if config.images_from is None:
        labels = "Put the images of each class in a sub-folder, name their labels by"
        remedy = f"{labels} --source.labels FILE, or {remedy}"
    return InputError(
        found if num_classes else "no image has a label",
        f"2 classes or more with {least} each for --shards.strategy {config.shards.strategy}",
        place_of(config),
        remedy[0].upper() + remedy[1:],
    )


def place_of(config: GenerateConfig) -> str:
    """Where the images are, for messages."""
    return config.images_from or ", ".join(config.images)


def _blocks(shards: ShardConfig, num_sources: int, num_training: int) -> tuple[int, ...]:
    """The asked group, or 48 x 4 with no more blocks than two thirds of the clusters or classes
    and no more images than a quarter of those there are.
    """
    if shards.group is not None:
        return shards.blocks
    most = min(2 * num_sources // 3, num_training // (4 * DEFAULT_BLOCK_SIZE))
    least = 1 if shards.strategy.startswith("within") and num_sources == 1 else 2
    num_blocks = max(least, min(DEFAULT_BLOCKS, most))
    if shards.strategy == "random":
        return (num_blocks * DEFAULT_BLOCK_SIZE,)
    return (DEFAULT_BLOCK_SIZE,) * num_blocks


def _shard_settings(
    config: GenerateConfig, num_images: int, num_sources: int, image_bytes: float
) -> dict[str, Any]:
    asked = config.shards
    num_validation = asked.num_validation_images
    if num_validation is None:
        num_validation = min(MOST_VALIDATION_IMAGES, num_images // 10)
        if num_validation < LEAST_VALIDATION_IMAGES:
            num_validation = 0  # else they would be in no split
    blocks = _blocks(asked, num_sources, num_images - num_validation)
    unit = "classes" if asked.strategy in CLASS_STRATEGIES else "clusters"
    if asked.strategy != "random" and len(blocks) > num_sources:
        raise ConfigError(
            f"{len(blocks)} {unit} a group", f"at most the {num_sources} {unit} there are",
            "--shards.group", f"The largest P is {num_sources}.",
        )  # fmt: skip
    if num_images - num_validation < sum(blocks):
        raise InputError(
            f"{num_images - num_validation} training images",
            f"at least the {sum(blocks)} of one group",
            place_of(config),
            "Give more images or a smaller --shards.group, such as triplet.",
        )
    if asked.teacher_temperature == AUTO and num_validation < LEAST_VALIDATION_IMAGES:
        raise InputError(
            f"{num_validation} validation images",
            f"{LEAST_VALIDATION_IMAGES} or more, on whose triplets entropies are matched",
            "--shards.teacher-temperature auto", "Raise --shards.num-validation-images.",
        )  # fmt: skip
    epoch_groups = -(-(num_images - num_validation) // sum(blocks))
    most_images = min(SHARD_IMAGES, int(SHARD_BYTES / image_bytes) if image_bytes else SHARD_IMAGES)
    most = max(1, most_images // sum(blocks))
    default_groups = max(1, min(most, epoch_groups // SHARDS_PER_EPOCH))
    return {
        "seed": config.seed,
        "strategy": asked.strategy,
        "blocks": list(blocks),
        "groups_per_shard": asked.groups_per_shard or default_groups,
        "pool_rows": asked.pool_rows,
        "num_validation_images": num_validation,
        "shared_images": asked.shared_images,
        "teacher_temperature": asked.teacher_temperature,
    }


def split_plans(
    shards: Mapping[str, Any], num_images: int, num_groups: int
) -> tuple[SplitPlan, ...]:
    """The splits of a run with these `shards` settings and at least so many training groups."""
    blocks = tuple(shards["blocks"])
    shared, num_validation = shards["shared_images"], shards["num_validation_images"]
    train = SplitPlan(
        split="train",
        first_row=_first_training_row(shards),
        last_row=num_images,
        blocks=blocks,
        groups_per_shard=shards["groups_per_shard"],
        num_shards=-(-num_groups // shards["groups_per_shard"]),
    )
    if num_validation < LEAST_VALIDATION_IMAGES:
        return (train,)
    # Every group shape has the same law of triplets; single triplets need the fewest images.
    border = shards["strategy"].endswith("border")
    validation_groups = min(MOST_VALIDATION_TRIPLETS, num_validation)
    groups_per_shard = min(SHARD_IMAGES // 3, validation_groups)
    validation = SplitPlan(
        split="validation",
        first_row=0,
        last_row=num_images if shared else num_validation,
        blocks=(2, 1) if border else (3,),
        groups_per_shard=groups_per_shard,
        num_shards=-(-validation_groups // groups_per_shard),
    )
    return train, validation


def _first_training_row(shards: Mapping[str, Any]) -> int:
    return 0 if shards["shared_images"] else shards["num_validation_images"]


def _num_groups(config: GenerateConfig, shards: Mapping[str, Any], num_images: int) -> int:
    blocks: list[int] = shards["blocks"]
    if config.num_triplets is not None:
        return -(-config.num_triplets // num_triplets(config.shards.strategy, blocks))
    num_training = num_images - _first_training_row(shards)
    return config.num_groups or -(-num_training // sum(blocks))
