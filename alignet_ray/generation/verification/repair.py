"""What a repair removes, and in which order, so that the run's own command makes just that again.

What says "done" goes before what it speaks of, and what was made from something goes before that:
manifests, sidecars before tars, triplets, clusters, the image table, the listing. A repair that is
killed leaves a run in which nothing vouches for what is gone.
"""

from collections.abc import Callable, Iterator, Sequence

from alignet_ray.generation.conversion.places import PLACES_FOLDER
from alignet_ray.generation.conversion.triplets import INDEX_NAME as TRIPLETS_INDEX
from alignet_ray.generation.verification.findings import Problem, Record
from alignet_ray.generation.verification.orphans import Tree
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
from alignet_ray.records.shards import SHARDS_FOLDER, tar_name
from alignet_ray.records.shards import sidecar_name as shard_sidecar


def why_not_repairable(problem: Problem, rules: RunRules) -> str | None:
    """What to do about a problem that a repair of this root cannot mend; None where it can."""
    kind = problem.record.kind
    if kind == "config":
        return None
    if kind in {"listing", "images"} and rules.borrows_images:
        other = rules.image_root.url
        return f"It belongs to {other}: python jobs/verify.py --run {other} --repair"
    return None


def removals(problems: Sequence[Problem], rules: RunRules, tree: Tree) -> list[str]:
    """Names to delete, in order, of those that are there."""
    records = [p.record for p in problems if why_not_repairable(p, rules) is None]
    names = dict.fromkeys(name for step in _STEPS for name in step(records, rules))
    return [name for name in names if name in tree]


_TABLES = {"images", "centroids", "clusters", "triplet_index", "triplets", "places"}


def _of(records: Sequence[Record], kind: str) -> list[int]:
    return sorted(record.number for record in records if record.kind == kind)


def _manifests(records: Sequence[Record], rules: RunRules) -> Iterator[str]:
    """Of splits with a broken shard or manifest; of all splits where tables are made again."""
    remakes_tables = any(r.kind in _TABLES for r in records)
    hit = {r.split for r in records if r.kind in {"shard", "manifest"}}
    if remakes_tables:
        hit |= {rule.split for rule in rules.splits}
    for split in sorted(hit):
        yield f"{SHARDS_FOLDER}/{split}/{MANIFEST_NAME}"


def _shards(records: Sequence[Record], _rules: RunRules) -> Iterator[str]:
    for record in records:
        if record.kind == "shard":
            folder = f"{SHARDS_FOLDER}/{record.split}"
            yield f"{folder}/{shard_sidecar(record.number)}"
            yield f"{folder}/{tar_name(record.number)}"


def _triplets(records: Sequence[Record], _rules: RunRules) -> Iterator[str]:
    """Of a broken part the index goes too: all parts of a split are made in one go."""
    for split in sorted({r.split for r in records if r.kind in {"triplet_index", "triplets"}}):
        yield f"{triplets_of(split)}/{TRIPLETS_INDEX}"
        broken = [r for r in records if r.split == split]
        yield from _part_names(triplets_of(split), _of(broken, "triplets"))


def _places(records: Sequence[Record], _rules: RunRules) -> Iterator[str]:
    yield from _part_names(PLACES_FOLDER, _of(records, "places"))


def _cluster_parts(records: Sequence[Record], rules: RunRules) -> Iterator[str]:
    """The broken ones, those of broken parts of the image table, and all of them where the
    centroids are fitted again: on another machine the last bits may differ.
    """
    parts = sorted({*_of(records, "clusters"), *_of(records, "images")})
    if _of(records, "centroids"):
        parts = list(range(rules.layout.num_parts))
    yield from _part_names(CLUSTERS_FOLDER, parts)


def _centroids(records: Sequence[Record], _rules: RunRules) -> Iterator[str]:
    if _of(records, "centroids"):
        yield f"{CLUSTERS_FOLDER}/{CLUSTERS_INDEX}"
        yield f"{CLUSTERS_FOLDER}/{CENTROIDS_NAME}"


def _image_parts(records: Sequence[Record], _rules: RunRules) -> Iterator[str]:
    yield from _part_names(IMAGES_FOLDER, _of(records, "images"))


def _part_names(folder: str, parts: Sequence[int]) -> Iterator[str]:
    for part in parts:
        yield f"{folder}/{part_sidecar(part)}"
        yield f"{folder}/{part_name(part)}"


def _listing(records: Sequence[Record], rules: RunRules) -> Iterator[str]:
    if _of(records, "listing"):
        yield f"{LISTING_FOLDER}/{listing.INDEX_NAME}"
        for number in range(-(-rules.layout.num_rows // listing.ROWS_PER_FILE)):
            yield f"{LISTING_FOLDER}/{listing.file_name(number)}"


_STEPS: tuple[Callable[[Sequence[Record], RunRules], Iterator[str]], ...] = (
    _manifests, _shards, _triplets, _places, _cluster_parts, _centroids, _image_parts, _listing,
)  # fmt: skip


def to_remove(problems: Sequence[Problem], rules: RunRules, tree: Tree) -> tuple[str, ...]:
    """What a repair would delete or rewrite, the config last."""
    is_config_altered = any(problem.record.kind == "config" for problem in problems)
    return (*removals(problems, rules, tree), *([CONFIG_NAME] if is_config_altered else []))


def repair(problems: Sequence[Problem], rules: RunRules, tree: Tree) -> tuple[str, ...]:
    """Delete what is broken, rewrite a config whose text was altered; returns the names."""
    names = to_remove(problems, rules, tree)
    for name in names:
        if name == CONFIG_NAME:
            rules.root.write(CONFIG_NAME, rules.settings.to_yaml())
        else:
            rules.root.delete(name)
    return names
