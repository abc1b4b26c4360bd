"""The checks of all shards: manifests, a task for each shard, then what manifests say of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from alignet_ray.config.resources import RayResources
from alignet_ray.generation.label_entropy import SPLIT as VALIDATION
from alignet_ray.generation.verification.findings import Problem
from alignet_ray.generation.verification.manifests import check_lines, check_manifest
from alignet_ray.generation.verification.orphans import Tree, finished_shards
from alignet_ray.generation.verification.report import CheckedSplit
from alignet_ray.generation.verification.rules import RunRules, SplitRule
from alignet_ray.generation.verification.shards import ShardFinding, ShardItem, check_shard
from alignet_ray.generation.verification.temperature import check_temperature, is_matched
from alignet_ray.generation.verification.truth import BrokenParts
from alignet_ray.records.manifest import Manifest
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks


@dataclass(frozen=True, kw_only=True)
class InspectedShards:
    """What the shards of all splits are, and how much of them could not be compared.

    `num_listed` are the shards that each manifest names, None where nobody knows.
    """

    problems: tuple[Problem, ...]
    checked: tuple[CheckedSplit, ...]
    num_listed: Mapping[str, int | None]
    num_groups: int | None
    num_unchecked: int
    num_undrawn: int
    is_temperature_known: bool


Findings = dict[int, ShardFinding | Problem]


def inspect_shards(
    rules: RunRules, tree: Tree, broken: BrokenParts, resources: RayResources
) -> InspectedShards:
    """Check manifests, then every finished or listed shard, then the manifests' lines."""
    splits = rules.splits
    manifests = {rule.split: check_manifest(rules, rule) for rule in splits}
    items = [item for rule in splits for item in shard_items(rule, manifests[rule.split], tree)]
    findings: dict[str, Findings] = {rule.split: {} for rule in splits}
    with progress("verify", len(items), "shards", is_shown=resources.progress) as advance:
        for item, finding in map_tasks(check_shard, items, rules, broken):
            findings[item.rule.split][item.shard] = finding
            advance(1)
    train = splits[0]
    problems = [
        problem
        for rule in splits
        for problem in split_problems(rules, manifests[rule.split], findings[rule.split])
    ]
    can_match = is_matched(rules) and not rules.is_quick and _is_whole(rules, findings)
    if can_match:
        problems += check_temperature(rules, manifests)
    sound = [found for of_split in findings.values() for found in _sound(of_split).values()]
    return InspectedShards(
        problems=tuple(problems),
        checked=tuple(_checked(rule.split, findings[rule.split].values()) for rule in splits),
        num_listed={rule.split: _num_listed(manifests[rule.split]) for rule in splits},
        num_groups=_num_groups(train, findings[train.split]),
        num_unchecked=sum(found.num_unchecked for found in sound),
        num_undrawn=sum(not found.is_redrawn for found in sound),
        is_temperature_known=can_match or not is_matched(rules),
    )


def _is_whole(rules: RunRules, findings: Mapping[str, Findings]) -> bool:
    """Whether all validation shards are there and sound."""
    sound = _sound(findings.get(VALIDATION, {}))
    return all(
        shard in sound
        for rule in rules.splits
        if rule.split == VALIDATION
        for shard in range(rule.least_shards)
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


def _num_listed(manifest: Manifest | Problem) -> int | None:
    """Without a manifest, as after a repair, nothing says that a shard is one too many."""
    return None if isinstance(manifest, Problem) else len(manifest.shards)


def _num_groups(rule: SplitRule, findings: Findings) -> int | None:
    """Training groups that a generated run has or had; a converted one's are those given."""
    if rule.is_converted or not findings:
        return None
    return rule.groups_per_shard * (max(findings) + 1)
