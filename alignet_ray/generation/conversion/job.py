"""Released triplets in: survey, list the named images, store them, resolve names, write shards.

Each record is made once; a second run reads the files again and makes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Bool

from alignet_ray.config.convert import ConvertConfig
from alignet_ray.errors import InputError, MismatchError
from alignet_ray.generation.conversion.names import NameTable
from alignet_ray.generation.conversion.places import (
    Places,
    PlacesRequest,
    find_places,
    load_places,
)
from alignet_ray.generation.conversion.shards import (
    ConvertedShardRequest,
    ConvertedSplit,
    triplet_blocks,
    write_split,
)
from alignet_ray.generation.conversion.source import (
    borrow,
    list_images,
    named_listing,
    own_settings,
    part_layout,
)
from alignet_ray.generation.conversion.survey import Survey, survey_triplets
from alignet_ray.generation.conversion.triplets import (
    ResolveRequest,
    current_index,
    read_index,
    resolve_triplets,
)
from alignet_ray.generation.plan import SHARD_IMAGES, SHARDS_PER_EPOCH
from alignet_ray.generation.sources import refuse_changed_source
from alignet_ray.records import listing as listing_record
from alignet_ray.records.digests import digest
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.listing import ListingIndex, index_of, write_listing
from alignet_ray.records.lock import locked
from alignet_ray.records.manifest import MANIFEST_NAME
from alignet_ray.records.parts import PartLayout, missing_parts
from alignet_ray.records.run import CONFIG_NAME, RunSettings, freeze_settings, read_settings
from alignet_ray.records.shards import shard_folder
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed import StoredFormat
from alignet_ray.stages.progress import progress
from alignet_ray.stages.session import ray_session
from alignet_ray.stages.store_images import StoreRequest, store_missing_parts
from alignet_ray.stages.tasks import map_tasks

_TRIPLET_IMAGES = 3
_REASONS_SHOWN = 3
_TAKEN = "taken from the run that --images-from names"


@dataclass(frozen=True, kw_only=True)
class ConvertSummary:
    """What a converted run holds and what this call added to it."""

    root: str
    images_from: str | None
    num_images: int
    rejects: Mapping[str, str]
    num_new_parts: int
    splits: tuple[ConvertedSplit, ...]


@dataclass(frozen=True, kw_only=True)
class _Images:
    """The run's images, its own or borrowed; `is_named` marks those that a triplet shows."""

    root: Folder
    index: ListingIndex
    layout: PartLayout
    names: NameTable
    is_named: Bool[np.ndarray, "images"]


def convert_triplets(config: ConvertConfig) -> ConvertSummary:
    """Make what is missing of a run. Raises AlignetError in one line for all a user can meet."""
    assert config.output is not None
    root = Folder.at(config.output)
    files = _files(config)
    with locked(root), ray_session(config.resources):
        root.remove_temporaries()
        _refuse_other_kind(config, root)
        if config.images_from is None:
            settings, images = _own_images(config, root, files)
        else:
            settings, images = _borrowed_images(config, root, files)
        num_stored = len(_store(config, root, settings, images))
        found, places = _places(config, root, settings, images)
        rejects = _check_rejects(config, images, places)
        num_resolved = _resolve(config, root, files, settings, images, rejects)
        splits = tuple(
            write_split(
                _shard_request(root, settings, split),
                places,
                teacher_temperature=settings.shards["teacher_temperature"],
                shows_progress=config.resources.progress,
            )
            for split in files
        )
    return ConvertSummary(
        root=root.url,
        images_from=settings.images_from,
        num_images=int(images.is_named.sum()),
        rejects=dict(rejects.values()),
        num_new_parts=num_stored + len(found) + num_resolved,
        splits=splits,
    )


def _files(config: ConvertConfig) -> dict[str, str]:
    """The released file of each split."""
    assert config.triplets is not None
    files = {"train": config.triplets}
    if config.validation_triplets is not None:
        files["validation"] = config.validation_triplets
    return files


def _refuse_other_kind(config: ConvertConfig, root: Folder) -> None:
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


def _own_images(
    config: ConvertConfig, root: Folder, files: Mapping[str, str]
) -> tuple[RunSettings, _Images]:
    """List the named images of the folder, and freeze the settings and the listing."""
    frozen, index = read_settings(root), listing_record.read_index(root)
    seed = frozen.images["seed"] if frozen else config.seed  # another is refused by name later
    source = list_images(config, seed)
    surveys = _survey(config, files, NameTable.of(source.column("key")))
    listing = named_listing(source, [survey.is_named for survey in surveys.values()], seed)
    new_index = index_of(listing)
    shards = _shard_settings(config, surveys)
    same_triplets = frozen is not None and frozen.shards["converted"] == shards["converted"]
    if index is not None and same_triplets:
        refuse_changed_source(root, index, listing, config.images or "")
    settings = RunSettings(images=own_settings(config, new_index), clusters={}, shards=shards)
    freeze_settings(root, settings)
    layout = part_layout(settings.images, new_index)
    if index is None or missing_parts(root.folder(IMAGES_FOLDER), layout.num_parts):
        write_listing(root, listing)  # the same order; where images lie may have changed
    return settings, _Images(
        root=root,
        index=new_index,
        layout=layout,
        names=NameTable.of(listing.column("key")),
        is_named=np.ones(new_index.num_images, dtype=bool),
    )


def _borrowed_images(
    config: ConvertConfig, root: Folder, files: Mapping[str, str]
) -> tuple[RunSettings, _Images]:
    """Find the named images in another run's table, and freeze the settings."""
    assert config.images_from is not None
    lender, frozen = borrow(config.images_from), read_settings(root)
    if frozen is not None and frozen.images_from != lender.root.url:
        raise MismatchError(
            f"--images-from {lender.root.url}", f"{frozen.images_from} as before",
            root.place(CONFIG_NAME),
            "Ask as before; where that run has moved, say so by `images_from` in this file.",
        )  # fmt: skip
    names = NameTable.of(lender.listing.column("key"))
    surveys = _survey(config, files, names)
    settings = RunSettings(
        images=lender.settings,
        clusters={},
        shards=_shard_settings(config, surveys),
        images_from=lender.root.url,
    )
    freeze_settings(root, settings)
    return settings, _Images(
        root=lender.root,
        index=lender.index,
        layout=lender.layout,
        names=names,
        is_named=np.logical_or.reduce([survey.is_named for survey in surveys.values()]),
    )


def _shard_settings(config: ConvertConfig, surveys: Mapping[str, Survey]) -> dict[str, object]:
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


def _forget_manifests(root: Folder) -> None:
    """So that every shard is checked against its parts again."""
    for split in ("train", "validation"):
        shard_folder(root, split).delete(MANIFEST_NAME)


def _store(
    config: ConvertConfig, root: Folder, settings: RunSettings, images: _Images
) -> list[int]:
    """Make the missing parts of the run's own image table; first forget what says "done"."""
    if config.images_from is not None:
        return []
    if missing_parts(root.folder(IMAGES_FOLDER), images.layout.num_parts):
        _forget_manifests(root)
    request = StoreRequest(
        root=root,
        index=images.index,
        layout=images.layout,
        stored=StoredFormat(
            shorter_side=config.stored.resolution,
            quality=config.stored.quality,
            keeps_original=config.stored.original,
        ),
        settings_digest=settings.images_digest,
    )
    return store_missing_parts(request, shows_progress=config.resources.progress)


def _places(
    config: ConvertConfig, root: Folder, settings: RunSettings, images: _Images
) -> tuple[list[int], Places]:
    """Where the bytes lie in every part that holds a named image."""
    request = PlacesRequest(
        root=root,
        image_root=images.root,
        layout=images.layout,
        settings_digest=settings.images_digest,
    )
    parts = np.unique(np.flatnonzero(images.is_named) // images.layout.part_rows).tolist()
    shows_progress = config.resources.progress
    found, digests = find_places(request, parts, shows_progress=shows_progress)
    if found:
        _forget_manifests(root)
    return found, load_places(request, digests)


def _check_rejects(
    config: ConvertConfig, images: _Images, places: Places
) -> dict[int, tuple[str, str]]:
    """Key and reason of the rejects by image id, or InputError where there are too many."""
    named = np.flatnonzero(images.is_named)
    rejects = places.rejects(named)
    if len(rejects) > config.max_rejected_fraction * len(named):
        some = "; ".join(f"{k}: {r}" for k, r in list(rejects.values())[:_REASONS_SHOWN])
        raise InputError(
            f"{len(rejects)} of {len(named)} images rejected ({some})",
            f"at most {config.max_rejected_fraction:g} of them",
            config.images or images.root.url,
            "Mend them and give another --output, or raise --max-rejected-fraction.",
        )
    return rejects


def _resolve(
    config: ConvertConfig,
    root: Folder,
    files: Mapping[str, str],
    settings: RunSettings,
    images: _Images,
    rejects: Mapping[int, tuple[str, str]],
) -> int:
    """Write the triplets of every split whose record is not there; returns how many parts."""
    rejected = sorted(rejects)
    request = ResolveRequest(
        root=root,
        rejected=np.array(rejected, dtype=np.int64),
        rejects=digest(rejected),
        settings_digest=settings.shards_digest,
        max_rows=config.max_triplets,
    )
    missing = [
        (split, url)
        for split, url in files.items()
        if current_index(root, split, request.settings_digest, request.rejects) is None
    ]
    if missing:
        _forget_manifests(root)
    num_parts = 0
    shows_progress = config.resources.progress
    with progress("resolve", len(missing), "files", is_shown=shows_progress) as advance:
        for (split, _), _ in map_tasks(resolve_triplets, missing, images.names, request):
            index = read_index(root, split)
            assert index is not None
            num_parts += index.layout.num_parts
            advance(1)
    return num_parts


def _shard_request(root: Folder, settings: RunSettings, split: str) -> ConvertedShardRequest:
    index = read_index(root, split)
    assert index is not None
    return ConvertedShardRequest(
        root=root,
        split=split,
        layout=index.layout,
        groups_per_shard=settings.shards["groups_per_shard"],
        strategy=settings.shards["strategy"],
        settings_digest=settings.shards_digest,
    )
