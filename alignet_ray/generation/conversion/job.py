"""Released triplets in: survey, list the named images, store them, resolve names, write shards.

Each record is made once; a second run reads the files again and makes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from alignet_ray.config.convert import ConvertConfig
from alignet_ray.errors import InputError
from alignet_ray.generation.borrowed import borrow
from alignet_ray.generation.conversion.places import (
    Places,
    PlacesRequest,
    find_places,
    load_places,
)
from alignet_ray.generation.conversion.plan import released_files
from alignet_ray.generation.conversion.shards import (
    ConvertedShardRequest,
    ConvertedSplit,
    write_split,
)
from alignet_ray.generation.conversion.source import (
    RunImages,
    borrowed_images,
    own_images,
    refuse_other_kind,
)
from alignet_ray.generation.conversion.triplets import (
    ResolveRequest,
    current_index,
    read_index,
    resolve_triplets,
)
from alignet_ray.plurals import percent
from alignet_ray.records.digests import digest
from alignet_ray.records.given_files import refuse_missing_file
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.lock import locked
from alignet_ray.records.manifest import MANIFEST_NAME
from alignet_ray.records.occupied import refuse_occupied
from alignet_ray.records.parts import missing_parts
from alignet_ray.records.run import RunSettings
from alignet_ray.records.shards import SPLITS, shard_folder
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed import StoredFormat
from alignet_ray.stages.progress import progress
from alignet_ray.stages.session import ray_session
from alignet_ray.stages.sources import refuse_missing_sources
from alignet_ray.stages.store_images import StoreRequest, store_missing_parts
from alignet_ray.stages.tasks import map_tasks

_REASONS_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class ConvertSummary:
    """What a converted run holds and what this call added to it."""

    root: str
    images_from: str | None
    num_images: int
    rejects: Mapping[str, str]
    num_new_parts: int
    splits: tuple[ConvertedSplit, ...]


def convert_triplets(config: ConvertConfig) -> ConvertSummary:
    """Make what is missing of a run. Raises AlignetError in one line for all a user can meet."""
    assert config.output is not None
    root = Folder.at(config.output)
    files = released_files(config)
    _refuse_missing_inputs(config, files)
    refuse_occupied(config.output, "run", [config.images_from] if config.images_from else [])
    with locked(root), ray_session(config.resources):
        root.remove_temporaries()
        refuse_other_kind(config, root)
        if config.images_from is None:
            settings, images = own_images(config, root, files)
        else:
            settings, images = borrowed_images(config, root, files)
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


def _refuse_missing_inputs(config: ConvertConfig, files: Mapping[str, str]) -> None:
    """Raise InputError for what is named and not there, before Ray takes its time to start."""
    for split, url in files.items():
        flag = "--triplets" if split == "train" else "--validation-triplets"
        refuse_missing_file(url, "an .npz file of triplets", f"Check {flag}.")
    if config.images is not None:
        refuse_missing_sources([config.images])
    if config.images_from is not None:
        borrow(config.images_from)


def _forget_manifests(root: Folder) -> None:
    """So that every shard is checked against its parts again."""
    for split in SPLITS:
        shard_folder(root, split).delete(MANIFEST_NAME)


def _store(
    config: ConvertConfig, root: Folder, settings: RunSettings, images: RunImages
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
    config: ConvertConfig, root: Folder, settings: RunSettings, images: RunImages
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
    config: ConvertConfig, images: RunImages, places: Places
) -> dict[int, tuple[str, str]]:
    """Key and reason of the rejects by image id, or InputError where there are too many."""
    named = np.flatnonzero(images.is_named)
    rejects = places.rejects(named)
    if len(rejects) > config.max_rejected_fraction * len(named):
        some = "; ".join(f"{k}: {r}" for k, r in list(rejects.values())[:_REASONS_SHOWN])
        raise InputError(
            f"{len(rejects)} of {len(named)} images rejected ({some})",
            f"at most {percent(config.max_rejected_fraction)} of them",
            config.images or images.root.url,
            "Mend them and give another --output, or raise --max-rejected-fraction.",
        )
    return rejects


def _resolve(
    config: ConvertConfig,
    root: Folder,
    files: Mapping[str, str],
    settings: RunSettings,
    images: RunImages,
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
