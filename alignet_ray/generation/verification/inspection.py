"""The checks of a whole run, in the order in which one record vouches for the next.

Listing, centroids, then a task for each part, then a task for each shard. Results are small: a
record is one problem or a few numbers. What hangs on a broken part is not called broken too.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32

from alignet_ray.config.resources import Resources
from alignet_ray.config.verify import VerifyConfig
from alignet_ray.generation.verification.centroids import check_centroids
from alignet_ray.generation.verification.findings import Problem
from alignet_ray.generation.verification.listing import check_listing
from alignet_ray.generation.verification.manifests import check_lines, check_manifest
from alignet_ray.generation.verification.orphans import (
    Orphan,
    Tree,
    find_orphans,
    finished_shards,
)
from alignet_ray.generation.verification.report import Checked, CheckedSplit
from alignet_ray.generation.verification.rules import RunRules, SplitRule, layout_of
from alignet_ray.generation.verification.shards import ShardFinding, ShardItem, check_shard
from alignet_ray.generation.verification.tables import PartFinding, check_part
from alignet_ray.generation.verification.truth import BrokenParts
from alignet_ray.records.clusters import CLUSTERS_FOLDER
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.records.manifest import MANIFEST_NAME, Manifest
from alignet_ray.records.run import RunSettings
from alignet_ray.records.shards import SHARDS_FOLDER
from alignet_ray.records.store import Folder
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks, run_task

_FOLDERS = {"images": IMAGES_FOLDER, "clusters": CLUSTERS_FOLDER}


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What all checks of a run's records found; `tree` are its files as they then were."""

    rules: RunRules
    tree: Tree = field(repr=False)
    problems: tuple[Problem, ...]
    orphans: tuple[Orphan, ...] = ()
    not_checked: tuple[str, ...] = ()
    checked: Checked = field(default_factory=Checked)
    num_groups: int | None = None


def inspect_records(
    root: Folder, settings: RunSettings, tree: Tree, config: VerifyConfig
) -> Inspection:
    """Check every record of a run whose settings are known. Runs on the Ray that is there."""
    lender = settings.images_from
    image_root = root if lender is None else Folder.at(lender)
    listing = run_task(check_listing, image_root, settings.images.get("listing"), config.quick)
    rules = RunRules(
        root=root,
        image_root=image_root,
        settings=settings,
        layout=layout_of(root, settings, listing.num_images or 0),
        listing=listing.index,
        is_quick=config.quick,
    )
    if listing.num_images is None:
        unknown = ("everything after the listing, which does not say how many images there are",)
        return Inspection(rules=rules, tree=tree, problems=listing.problems, not_checked=unknown)
    tables = _inspect_tables(rules, config.resources)
    shards = _inspect_shards(rules, tree, broken_parts(tables.problems), config.resources)
    return Inspection(
        rules=rules,
        tree=tree,
        problems=(*listing.problems, *tables.problems, *shards.problems),
        orphans=find_orphans(tree, rules, shards.num_listed),
        not_checked=(*listing.notes, *_not_checked(rules, shards)),
        checked=Checked(
            num_parts=rules.layout.num_parts,
            num_images=rules.layout.num_rows,
            num_rejects=tables.num_rejects,
            num_bytes=tables.num_bytes,
            splits=shards.checked,
        ),
        num_groups=shards.num_groups,
    )


@dataclass(frozen=True, kw_only=True)
class _Tables:
    problems: tuple[Problem, ...]
    num_rejects: int
    num_bytes: int


def broken_parts(problems: Iterable[Problem]) -> BrokenParts:
    """Parts with which no shard can be compared."""
    records = [problem.record for problem in problems]
    return {
        folder: frozenset(record.number for record in records if record.kind == kind)
        for kind, folder in _FOLDERS.items()
    }


def _inspect_tables(rules: RunRules, resources: Resources) -> _Tables:
    problems: list[Problem] = []
    centroids: Float32[np.ndarray, "clusters dim"] | None = None
    if rules.has_clusters:
        fitted = check_centroids(rules)
        if isinstance(fitted, Problem):
            problems.append(fitted)
        else:
            centroids = fitted
    parts = range(rules.layout.num_parts)
    findings: dict[int, PartFinding] = {}
    with progress("verify", len(parts), "parts", is_shown=resources.progress) as advance:
        for part, finding in map_tasks(check_part, parts, rules, centroids):
            findings[part] = finding
            advance(1)
    problems += [problem for part in parts for problem in findings[part].problems]
    return _Tables(
        problems=tuple(problems),
        num_rejects=sum(finding.num_rejects for finding in findings.values()),
        num_bytes=sum(finding.num_bytes for finding in findings.values()),
    )


@dataclass(frozen=True, kw_only=True)
class _Shards:
    problems: tuple[Problem, ...]
    checked: tuple[CheckedSplit, ...]
    num_listed: Mapping[str, int | None]
    num_groups: int | None
    num_unchecked: int
    has_unvouched: bool


Findings = dict[int, ShardFinding | Problem]


def _inspect_shards(
    rules: RunRules, tree: Tree, broken: BrokenParts, resources: Resources
) -> _Shards:
    """Check manifests, then every finished or listed shard, then the manifests' lines."""
    present = {name.split("/")[1] for name in tree if name.startswith(f"{SHARDS_FOLDER}/")}
    splits = rules.splits_among(present)
    manifests = {rule.split: check_manifest(rules, rule) for rule in splits}
    items = [item for rule in splits for item in shard_items(rule, manifests[rule.split], tree)]
    findings: dict[str, Findings] = {rule.split: {} for rule in splits}
    with progress("verify", len(items), "shards", is_shown=resources.progress) as advance:
        for item, finding in map_tasks(check_shard, items, rules, broken):
            findings[item.rule.split][item.shard] = finding
            advance(1)
    train = splits[0]
    return _Shards(
        problems=tuple(
            problem
            for rule in splits
            for problem in split_problems(rules, manifests[rule.split], findings[rule.split])
        ),
        checked=tuple(_checked(rule.split, findings[rule.split].values()) for rule in splits),
        num_listed={rule.split: _num_listed(manifests[rule.split], rule, tree) for rule in splits},
        num_groups=_num_groups(train, findings[train.split]),
        num_unchecked=sum(f.num_unchecked for s in findings.values() for f in _sound(s).values()),
        has_unvouched=any(isinstance(found, Problem) for found in manifests.values()),
    )


def shard_items(rule: SplitRule, manifest: Manifest | Problem, tree: Tree) -> Iterator[ShardItem]:
    """Shards that are there or that the manifest names."""
    lines = {} if isinstance(manifest, Problem) else {line.shard: line for line in manifest.shards}
    for shard in sorted({*lines, *finished_shards(tree, rule.split)}):
        yield ShardItem(shard=shard, rule=rule, line=lines.get(shard))


def _sound(findings: Findings) -> dict[int, ShardFinding]:
    return {n: found for n, found in findings.items() if isinstance(found, ShardFinding)}


def split_problems(
    rules: RunRules, manifest: Manifest | Problem, findings: Findings
) -> Iterator[Problem]:
    """Those of a split: its manifest's first, then its shards' in order."""
    if isinstance(manifest, Problem):
        yield manifest
    else:
        lines = {number: found.line for number, found in _sound(findings).items()}
        disagreement = check_lines(rules, manifest, lines)
        if disagreement is not None:
            yield disagreement
    for shard in sorted(findings):
        found = findings[shard]
        if isinstance(found, Problem):
            yield found


def _checked(split: str, findings: Iterable[ShardFinding | Problem]) -> CheckedSplit:
    sound = [found for found in findings if isinstance(found, ShardFinding)]
    return CheckedSplit(
        split=split,
        num_shards=len(sound),
        num_groups=sum(found.line.samples for found in sound),
        num_draws=sum(found.num_draws for found in sound),
        num_bytes=sum(found.line.bytes for found in sound),
    )


def _num_listed(manifest: Manifest | Problem, rule: SplitRule, tree: Tree) -> int | None:
    if not isinstance(manifest, Problem):
        return len(manifest.shards)
    is_there = f"{SHARDS_FOLDER}/{rule.split}/{MANIFEST_NAME}" in tree
    return None if is_there else 0


def _num_groups(rule: SplitRule, findings: Findings) -> int | None:
    """Training groups that the run has or had, where all shards have the same number."""
    if rule.groups_per_shard is None or not findings:
        return None
    return rule.groups_per_shard * (max(findings) + 1)


def _not_checked(rules: RunRules, shards: _Shards) -> Iterator[str]:
    """What there was no way to compare, in words."""
    if rules.is_quick:
        yield "contents: --quick looks at presence, sizes and the digests in records alone"
    if shards.num_unchecked:
        yield (
            f"{shards.num_unchecked:,} groups against the tables: images of theirs are in broken "
            "parts"
        )
    if shards.has_unvouched and not rules.is_converted:
        yield "statistics in sidecars: a manifest that would vouch for them is broken or missing"
    if rules.is_converted:
        yield (
            "similarities, clusters and strategies: the triplets were converted, and what they "
            "were made from is not here"
        )
    elif not rules.has_embeddings:
        yield "embeddings: the image table holds none"
