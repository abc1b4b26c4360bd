"""Which files below a root belong to no finished record.

They are told apart, because what is to be done differs: what a killed writer left, a half of a
part or shard that is not finished, a whole one that lies beyond what the run names, and a file
that no job of ours has written.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from alignet_ray.generation.conversion.places import PLACES_FOLDER
from alignet_ray.generation.conversion.triplets import INDEX_NAME as TRIPLETS_INDEX
from alignet_ray.generation.verification.rules import RunRules, triplets_of
from alignet_ray.records import listing
from alignet_ray.records.clusters import CENTROIDS_NAME, CLUSTERS_FOLDER
from alignet_ray.records.clusters import INDEX_NAME as CLUSTERS_INDEX
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.listing import LISTING_FOLDER
from alignet_ray.records.manifest import MANIFEST_NAME
from alignet_ray.records.parts import part_name
from alignet_ray.records.parts import sidecar_name as part_sidecar
from alignet_ray.records.run import CONFIG_NAME
from alignet_ray.records.shards import SHARDS_FOLDER, finished_numbers, tar_name
from alignet_ray.records.shards import sidecar_name as shard_sidecar
from alignet_ray.records.store import is_temporary

OrphanKind = Literal["temporary", "unfinished", "beyond", "foreign"]
Tree = Mapping[str, int]
"""Relative name -> bytes of every file below a root."""

Namer = Callable[[int], str]

_UNRECORDED = ("logs/", "report/")
_NUMBERED = re.compile(r"(?:part-)?([0-9]{6,})\.[a-z]+")


@dataclass(frozen=True, kw_only=True)
class Orphan:
    """A file that no finished record names."""

    name: str
    kind: OrphanKind
    num_bytes: int


def find_orphans(
    tree: Tree, rules: RunRules, num_listed: Mapping[str, int | None]
) -> tuple[Orphan, ...]:
    """Orphans by name. `num_listed` are the shards that each split's manifest names; None where
    it cannot be read, so that nobody knows.
    """
    orphans: list[Orphan] = []
    for name in sorted(tree):
        kind = _kind(name, tree, rules, num_listed)
        if kind is not None and not name.startswith(_UNRECORDED):
            orphans.append(Orphan(name=name, kind=kind, num_bytes=tree[name]))
    return tuple(orphans)


def finished_places(tree: Tree) -> Iterator[int]:
    """Parts whose images' places are there in full."""
    for name in tree:
        folder, _, last = name.rpartition("/")
        match = _NUMBERED.fullmatch(last)
        number = int(match.group(1)) if folder == PLACES_FOLDER and match else -1
        halves = (part_name(number), part_sidecar(number))
        if last == halves[0] and f"{folder}/{halves[1]}" in tree:
            yield number


def finished_shards(tree: Tree, split: str) -> list[int]:
    """Numbers of the shards of which tar and sidecar are there."""
    folder = f"{SHARDS_FOLDER}/{split}/"
    return finished_numbers({name.removeprefix(folder) for name in tree if name.startswith(folder)})


def _kind(
    name: str, tree: Tree, rules: RunRules, num_listed: Mapping[str, int | None]
) -> OrphanKind | None:
    """Why a file is an orphan; None where a record names it."""
    folder, _, last = name.rpartition("/")
    if is_temporary(name):
        return "temporary"
    if name == CONFIG_NAME:
        return None
    if folder == LISTING_FOLDER and not rules.borrows_images:
        return None if last in _listing_names(rules) else "foreign"
    if folder == IMAGES_FOLDER and not rules.borrows_images:
        return _pair_kind(name, tree, part_name, part_sidecar, rules.layout.num_parts)
    if folder == CLUSTERS_FOLDER and rules.has_clusters:
        if last == CENTROIDS_NAME:
            return None if f"{folder}/{CLUSTERS_INDEX}" in tree else "unfinished"
        if last == CLUSTERS_INDEX:
            return None if f"{folder}/{CENTROIDS_NAME}" in tree else "unfinished"
        return _pair_kind(name, tree, part_name, part_sidecar, rules.layout.num_parts)
    if folder == PLACES_FOLDER and rules.is_converted:
        return _pair_kind(name, tree, part_name, part_sidecar, rules.layout.num_parts)
    if folder in {triplets_of(split) for split in num_listed} and rules.is_converted:
        if last == TRIPLETS_INDEX:
            return None
        return _pair_kind(name, tree, part_name, part_sidecar, rules.num_parts(folder))
    split = folder.removeprefix(f"{SHARDS_FOLDER}/")
    if folder == f"{SHARDS_FOLDER}/{split}" and split in num_listed:
        if last == MANIFEST_NAME:
            return None
        return _pair_kind(name, tree, tar_name, shard_sidecar, num_listed[split])
    return "foreign"


def _listing_names(rules: RunRules) -> set[str]:
    num_files = -(-rules.layout.num_rows // listing.ROWS_PER_FILE)
    return {listing.INDEX_NAME, *map(listing.file_name, range(num_files))}


def _pair_kind(
    name: str, tree: Tree, data_name: Namer, sidecar_name: Namer, limit: int | None
) -> OrphanKind | None:
    """Of a data file or sidecar: foreign by its name, half there, or beyond the limit."""
    folder, _, last = name.rpartition("/")
    match = _NUMBERED.fullmatch(last)
    number = int(match.group(1)) if match else -1
    pair = (data_name(number), sidecar_name(number))
    if match is None or last not in pair:
        return "foreign"
    if not all(f"{folder}/{half}" in tree for half in pair):
        return "unfinished"
    return "beyond" if limit is not None and number >= limit else None
