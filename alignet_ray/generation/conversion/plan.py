"""What a converted run will be: its settings, and how its image table and shards are cut."""

from collections.abc import Mapping
from typing import Any

from alignet_ray.config.convert import ConvertConfig
from alignet_ray.functional.groups import BORDER_STRATEGIES
from alignet_ray.generation.conversion.survey import Survey
from alignet_ray.generation.plan import SHARD_IMAGES, SHARDS_PER_EPOCH
from alignet_ray.records.listing import ListingIndex
from alignet_ray.records.run import Settings

_TRIPLET_IMAGES = 3


def released_files(config: ConvertConfig) -> dict[str, str]:
    """The released file of each split."""
    assert config.triplets is not None
    files = {"train": config.triplets}
    if config.validation_triplets is not None:
        files["validation"] = config.validation_triplets
    return files


def triplet_blocks(strategy: str) -> tuple[int, ...]:
    """How the three images of a triplet are blocked."""
    return (2, 1) if strategy in BORDER_STRATEGIES else (3,)


def own_settings(config: ConvertConfig, index: ListingIndex) -> Settings:
    """The `images` settings of a table without embeddings."""
    return {
        "listing": index.sha256,
        "sources": [],
        "seed": config.seed,
        "backbone": None,
        "precision": None,
        "batch_size": None,
        **vars(config.table),
        "stored": dict(vars(config.stored)),
    }


def shard_settings(config: ConvertConfig, surveys: Mapping[str, Survey]) -> dict[str, Any]:
    """The `shards` settings: `converted` says from which triplets, by split."""
    most = SHARD_IMAGES // _TRIPLET_IMAGES
    default = max(1, min(most, surveys["train"].num_rows // SHARDS_PER_EPOCH))
    return {
        "strategy": config.strategy,
        "blocks": list(triplet_blocks(config.strategy)),
        "groups_per_shard": config.groups_per_shard or default,
        "teacher_temperature": config.teacher_temperature,
        "converted": {
            split: {"num_triplets": survey.num_rows, "sha256": survey.sha256}
            for split, survey in surveys.items()
        },
    }
