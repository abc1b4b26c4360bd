"""The checks of what shards are made from: triplets, centroids, and a task for each part."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from alignet_ray.config.resources import RayResources
from alignet_ray.generation.verification.centroids import check_centroids
from alignet_ray.generation.verification.findings import Problem
from alignet_ray.generation.verification.orphans import Tree, finished_places
from alignet_ray.generation.verification.rules import RunRules, triplets_of
from alignet_ray.generation.verification.tables import PartFinding, check_part
from alignet_ray.generation.verification.triplets import (
    TripletsFinding,
    check_rejects,
    check_triplets,
)
from alignet_ray.generation.verification.truth import BrokenParts
from alignet_ray.records.clusters import CLUSTERS_FOLDER
from alignet_ray.records.image_table import IMAGES_FOLDER
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks

_FOLDERS = {"images": IMAGES_FOLDER, "clusters": CLUSTERS_FOLDER}


def inspect_triplets(rules: RunRules, resources: RayResources) -> dict[str, TripletsFinding]:
    """What the resolved triplets of a converted run are, by split; one task a split."""
    splits = [rule.split for rule in rules.splits]
    findings: dict[str, TripletsFinding] = {}
    with progress("verify", len(splits), "triplets", is_shown=resources.progress) as advance:
        for split, finding in map_tasks(check_triplets, splits, rules):
            findings[split] = finding
            advance(1)
    return {split: findings[split] for split in splits}


def with_triplets(rules: RunRules, triplets: Mapping[str, TripletsFinding], tree: Tree) -> RunRules:
    """The rules that the sound indexes add, and the parts whose images' places must be there.

    A run has the places of all of its own table; of a borrowed one, of the parts that it shows.
    """
    if not rules.is_converted:
        return rules
    placed: frozenset[int] = frozenset(range(rules.layout.num_parts))
    if rules.borrows_images:
        shown = (part for found in triplets.values() for part in found.image_parts)
        placed &= {*shown, *finished_places(tree)}
    indexes = {s: found.index for s, found in triplets.items() if found.index is not None}
    return dataclasses.replace(rules, triplets=indexes, placed=placed)


@dataclass(frozen=True, kw_only=True)
class InspectedTables:
    """What the parts of all tables are; `num_fitted` is the number of sound centroids."""

    problems: tuple[Problem, ...]
    num_rejects: int
    num_bytes: int
    num_fitted: int | None


def broken_parts(problems: Iterable[Problem]) -> BrokenParts:
    """Parts with which no shard can be compared, by the folder that holds them."""
    broken: dict[str, set[int]] = {}
    for record in (problem.record for problem in problems):
        if record.kind in {"images", "clusters", "triplets"}:
            folder = (
                triplets_of(record.split) if record.kind == "triplets" else _FOLDERS[record.kind]
            )
            broken.setdefault(folder, set()).add(record.number)
    return {folder: frozenset(numbers) for folder, numbers in broken.items()}


def rejected_images(findings: Iterable[PartFinding]) -> list[int] | None:
    """Image ids of all rejects; None where a part is broken or was not read."""
    rejected: list[int] = []
    for finding in findings:
        if finding.rejected is None:
            return None
        rejected += finding.rejected
    return rejected


def inspect_tables(rules: RunRules, resources: RayResources) -> InspectedTables:
    """Check centroids and every part."""
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
    rejected = rejected_images(findings.values())
    for split in rules.triplets:
        disagreement = check_rejects(split, rules, rejected)
        problems += [] if disagreement is None else [disagreement]
    return InspectedTables(
        problems=tuple(problems),
        num_rejects=sum(finding.num_rejects for finding in findings.values()),
        num_bytes=sum(finding.num_bytes for finding in findings.values()),
        num_fitted=None if centroids is None else len(centroids),
    )
