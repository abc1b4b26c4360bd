"""What a run starts from: its images, listed or borrowed from another run, and its teacher."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.config.generate import UNTRANSFORMED, GenerateConfig
from alignet_ray.errors import InputError
from alignet_ray.functional.groups import CLASS_STRATEGIES
from alignet_ray.generation.borrowed import borrow
from alignet_ray.generation.durations import Durations
from alignet_ray.generation.label_entropy import refuse_missing_entropy
from alignet_ray.generation.plan import image_settings, place_of
from alignet_ray.records.digests import refuse_other_settings
from alignet_ray.records.given_files import refuse_missing_file
from alignet_ray.records.listing import ListingIndex, index_of, read_index
from alignet_ray.records.run import RunSettings
from alignet_ray.records.store import Folder
from alignet_ray.records.teacher_bundle import TeacherBundle, Transform, read_bundle
from alignet_ray.stages.embed import describe_backbone
from alignet_ray.stages.progress import note
from alignet_ray.stages.sources import (
    list_images,
    refuse_changed_source,
    refuse_missing_sources,
    source_names,
)


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Images and teacher of a run.

    `images` is the root that holds the image table; `listing` is the order of images to embed,
    None where the table is another run's. `settings` are those of the images stage; `labels` are
    the listing's, where groups are drawn from classes.
    """

    images: Folder
    settings: Mapping[str, Any]
    index: ListingIndex
    listing: pa.Table | None
    label_sizes: Mapping[str, int]
    backbone: ResolvedBackbone | None
    transform: Transform | None
    labels: pa.ChunkedArray | None
    mean_image_bytes: float
    notes: tuple[str, ...] = ()


def refuse_missing_inputs(config: GenerateConfig, frozen: RunSettings | None) -> None:
    """Raise InputError for what is named and not there, before Ray takes its time to start."""
    if config.images_from is not None:
        borrow(config.images_from)
    else:
        refuse_missing_sources(config.images)
    if config.source.labels is not None:
        refuse_missing_file(config.source.labels, "a file of labels", "Check --source.labels.")
    if config.teacher != UNTRANSFORMED:
        read_bundle(Folder.at(config.teacher))
    for flag, weights in (
        ("--backbone.checkpoint", config.backbone.checkpoint), ("--checkpoint", config.checkpoint)
    ):  # fmt: skip
        if weights is not None:
            refuse_missing_file(weights, "a file of weights", f"Check {flag}.")
    refuse_missing_entropy(config, frozen)


def read_inputs(
    config: GenerateConfig,
    root: Folder,
    frozen: RunSettings | None,
    device: str,
    durations: Durations,
) -> Inputs:
    """List the images and name the teacher, or take another run's table; writes nothing.

    Listing counts as `list`, loading the backbone to describe it as `start`.
    Raises InputError, or MismatchError where a source has changed or a teacher does not fit.
    """
    bundle = None
    if config.teacher != UNTRANSFORMED:
        bundle = read_bundle(Folder.at(config.teacher)).with_checkpoint(config.checkpoint)
    if config.images_from is not None:
        with durations.of("list"):
            return _borrowed(config, config.images_from, bundle)
    return _own(config, root, frozen, bundle, device, durations)


def _own(
    config: GenerateConfig,
    root: Folder,
    frozen: RunSettings | None,
    bundle: TeacherBundle | None,
    device: str,
    durations: Durations,
) -> Inputs:
    # In the order of the root's own seed; another seed is refused by name later.
    seed = frozen.images["seed"] if frozen else config.seed
    note(f"listing {place_of(config)}", is_shown=config.resources.progress)
    with durations.of("list"):
        found = list_images(config.images, config.source, seed)
        index = index_of(found.table)
        listed = read_index(root)
        if listed is not None:
            refuse_changed_source(root, listed, index, found.table, place_of(config))
    precision = config.embedding.precision
    if precision == "auto":
        default = "bfloat16" if device == "cuda" else "float32"
        precision = frozen.images["precision"] if frozen else default
    with durations.of("start"):
        backbone = bundle.backbone if bundle else describe_backbone(config.backbone, config.plugins)
    labels = found.table.column("label")
    sources = source_names(config.images) if len(config.images) > 1 else ()
    return Inputs(
        images=root,
        settings=image_settings(config, index.sha256, sources, backbone, precision),
        index=index,
        listing=found.table,
        label_sizes=_label_sizes(labels),
        labels=labels if config.shards.strategy in CLASS_STRATEGIES else None,
        mean_image_bytes=_mean_bytes(found.table.column("length")),
        backbone=backbone,
        transform=bundle.transform if bundle else None,
        notes=found.notes,
    )


def _borrowed(config: GenerateConfig, url: str, bundle: TeacherBundle | None) -> Inputs:
    lender = borrow(url)
    if lender.settings["backbone"] is None:
        raise InputError(
            "an image table without embeddings", "one that generate embedded", url,
            "Give --images.",
        )  # fmt: skip
    if bundle is not None:
        refuse_other_settings(
            lender.settings["backbone"], bundle.backbone.identity(), url,
            "This teacher has another backbone: give --images.",
        )  # fmt: skip
    # A listing is long: only what this run needs to know of it is read.
    labels = lender.column("label") if config.shards.strategy in CLASS_STRATEGIES else None
    keeps_original = lender.settings["stored"]["original"]
    return Inputs(
        images=lender.root,
        settings=lender.settings,
        index=lender.index,
        listing=None,
        label_sizes=_label_sizes(labels) if labels is not None else {},
        labels=labels,
        mean_image_bytes=_mean_bytes(lender.column("length")) if keeps_original else 0.0,
        backbone=None,
        transform=bundle.transform if bundle else None,
    )


def _label_sizes(labels: pa.ChunkedArray) -> dict[str, int]:
    """Images of each label, counted by Arrow: Python's own objects would be many times as large."""
    counts = labels.drop_null().value_counts()
    return dict(
        zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True)
    )


def _mean_bytes(lengths: pa.ChunkedArray) -> float:
    return float(np.mean(lengths.to_numpy()))
