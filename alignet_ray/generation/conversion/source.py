"""Where converted triplets find their images: a folder, of which the named ones become the run's
own table, or the finished table of another run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
from jaxtyping import Bool

from alignet_ray.config.convert import ConvertConfig
from alignet_ray.config.sources import SourceConfig
from alignet_ray.errors import MismatchError
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.generation.borrowed import borrow, part_layout
from alignet_ray.generation.conversion.names import NameTable
from alignet_ray.generation.conversion.plan import own_settings, shard_settings
from alignet_ray.generation.conversion.survey import Survey, survey_triplets
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.listing import (
    ListingIndex,
    index_of,
    read_index,
    write_listing,
)
from alignet_ray.records.parts import PartLayout, missing_parts
from alignet_ray.records.run import (
    RunSettings,
    freeze_settings,
    read_settings,
)
from alignet_ray.records.store import Folder
from alignet_ray.stages.progress import progress
from alignet_ray.stages.sources import list_images, refuse_changed_source
from alignet_ray.stages.tasks import map_tasks

_TAKEN = "taken from the run that --images-from names"


def named_listing(
    listing: pa.Table, are_named: Sequence[Bool[np.ndarray, "images"]], seed: int
) -> pa.Table:
    """The images that any of the files names, in an order of their own keys and the seed.

    So images that no triplet shows change nothing, and the order is that of a folder which holds
    the named ones alone.
    """
    is_named = reduce(np.logical_or, are_named)
    kept = listing.filter(pa.array(is_named)).sort_by("key")
    order = RandomStream(seed, "listing").permutation(kept.num_rows)
    return kept.take(pa.array(order)).combine_chunks()


@dataclass(frozen=True, kw_only=True)
class RunImages:
    """The run's images, its own or borrowed; `is_named` marks those that a triplet shows."""

    root: Folder
    index: ListingIndex
    layout: PartLayout
    names: NameTable
    is_named: Bool[np.ndarray, "images"]


def refuse_other_kind(config: ConvertConfig, root: Folder) -> None:
    """Before anything is read: a root that is no converted run, or borrows from elsewhere."""
    frozen = read_settings(root)
    if frozen is None:
        return
    if "converted" not in frozen.shards:
        raise MismatchError("a run that generate made", "a new root or a converted run", root.url,
                            "Give another --output.")  # fmt: skip
    is_borrowed = config.images_from is not None
    if is_borrowed != (frozen.images_from is not None):
        raise MismatchError(
            f"its images are {_TAKEN if frozen.images_from else 'its own'}",
            f"images {_TAKEN if is_borrowed else 'of its own'}", root.url,
            "Ask as before or give another --output.",
        )  # fmt: skip


def _survey(config: ConvertConfig, files: Mapping[str, str], table: NameTable) -> dict[str, Survey]:
    """One task a file; raises InputError for the first fault in the files' order."""
    splits = {url: split for split, url in files.items()}
    surveys: dict[str, Survey] = {}
    with progress("survey", len(splits), "files", is_shown=config.resources.progress) as advance:
        for url, survey in map_tasks(survey_triplets, splits, table, config.max_triplets):
            surveys[url] = survey
            advance(1)
    images = config.images or config.images_from or ""
    for url in files.values():
        surveys[url].refuse_faults(images, skip_missing=config.skip_missing)
    return {split: surveys[url] for split, url in files.items()}


def own_images(
    config: ConvertConfig, root: Folder, files: Mapping[str, str]
) -> tuple[RunSettings, RunImages]:
    """List the named images of the folder, and freeze the settings and the listing."""
    frozen, index = read_settings(root), read_index(root)
    seed = frozen.images["seed"] if frozen else config.seed  # another is refused by name later
    assert config.images is not None
    source = list_images([config.images], SourceConfig(), seed).table
    surveys = _survey(config, files, NameTable.of(source.column("key")))
    listing = named_listing(source, [survey.is_named for survey in surveys.values()], seed)
    new_index = index_of(listing)
    shards = shard_settings(config, surveys)
    same_triplets = frozen is not None and frozen.shards["converted"] == shards["converted"]
    if index is not None and same_triplets:
        refuse_changed_source(root, index, new_index, listing, config.images)
    settings = RunSettings(images=own_settings(config, new_index), clusters={}, shards=shards)
    freeze_settings(root, settings)
    layout = part_layout(settings.images, new_index)
    if index is None or missing_parts(root.folder(IMAGES_FOLDER), layout.num_parts):
        write_listing(root, listing)  # the same order; where images lie may have changed
    return settings, RunImages(
        root=root,
        index=new_index,
        layout=layout,
        names=NameTable.of(listing.column("key")),
        is_named=np.ones(new_index.num_images, dtype=bool),
    )


def borrowed_images(
    config: ConvertConfig, root: Folder, files: Mapping[str, str]
) -> tuple[RunSettings, RunImages]:
    """Find the named images in another run's table, and freeze the settings."""
    assert config.images_from is not None
    lender = borrow(config.images_from)
    names = NameTable.of(lender.column("key"))
    surveys = _survey(config, files, names)
    settings = RunSettings(
        images=lender.settings,
        clusters={},
        shards=shard_settings(config, surveys),
        images_from=lender.root.url,
    )
    freeze_settings(root, settings)
    return settings, RunImages(
        root=lender.root,
        index=lender.index,
        layout=lender.layout,
        names=names,
        is_named=np.logical_or.reduce([survey.is_named for survey in surveys.values()]),
    )
