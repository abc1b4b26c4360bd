"""Verify: look at every record of a run, say what is wrong, and remove that where asked to."""

import dataclasses

from alignet_ray.config.urls import absolute_url
from alignet_ray.config.verify import VerifyConfig
from alignet_ray.errors import InputError
from alignet_ray.generation.verification.findings import Problem
from alignet_ray.generation.verification.inspection import Inspection, inspect_records
from alignet_ray.generation.verification.orphans import Tree
from alignet_ray.generation.verification.repair import (
    repair,
    to_remove,
    why_not_repairable,
)
from alignet_ray.generation.verification.report import VerifyReport
from alignet_ray.generation.verification.settings import check_settings
from alignet_ray.records.clusters import CLUSTERS_FOLDER
from alignet_ray.records.clusters import INDEX_NAME as CLUSTERS_INDEX
from alignet_ray.records.digests import canonical_json
from alignet_ray.records.listing import INDEX_NAME as LISTING_INDEX
from alignet_ray.records.listing import LISTING_FOLDER
from alignet_ray.records.lock import holder, locked
from alignet_ray.records.manifest import MANIFEST_NAME
from alignet_ray.records.run import CONFIG_NAME
from alignet_ray.records.shards import SHARDS_FOLDER, SPLITS, sidecar_name
from alignet_ray.records.store import Folder
from alignet_ray.stages.session import ray_session

_NO_CONFIG = (
    "Nothing can be told without the settings: restore config.yaml; other settings need another "
    "root."
)


def verify(config: VerifyConfig) -> VerifyReport:
    """Check a run; with `repair`, remove what is broken. Without it nothing is written.

    Raises InputError where there is no run, LockedError where a repair meets another driver.
    """
    root = Folder.at(config.run)
    tree = root.tree()
    if not _is_run(tree):
        raise InputError("no such run", "the root of a run", root.url, "Check --run.")
    if config.repair:
        with locked(root):
            report = _verified(config, root, root.tree())
    else:
        writer = holder(root)
        report = _verified(config, root, tree)
        report = dataclasses.replace(report, writer=writer or holder(root))
    if config.json is not None:
        _write_json(config.json, report)
    return report


def _is_run(tree: Tree) -> bool:
    """Whether a folder holds records of a run, its settings or any others."""
    records = (
        f"{LISTING_FOLDER}/{LISTING_INDEX}",
        f"{CLUSTERS_FOLDER}/{CLUSTERS_INDEX}",
        *(f"{SHARDS_FOLDER}/{split}/{MANIFEST_NAME}" for split in SPLITS),
        *(f"{SHARDS_FOLDER}/{split}/{sidecar_name(0)}" for split in SPLITS),
    )
    return CONFIG_NAME in tree or any(name in tree for name in records)


def _verified(config: VerifyConfig, root: Folder, tree: Tree) -> VerifyReport:
    settings, problems = check_settings(root)
    if settings is None:
        return VerifyReport(
            root=root.url,
            is_quick=config.quick,
            problems=problems,
            unrepairable=problems,
            remedies=(_NO_CONFIG,),
            not_checked=("everything but config.yaml",),
            removed=() if config.repair else None,
        )
    with ray_session(config.resources):
        found = inspect_records(root, settings, tree, config)
    return _report(config, found, (*problems, *found.problems))


def _report(config: VerifyConfig, found: Inspection, problems: tuple[Problem, ...]) -> VerifyReport:
    rules = found.rules
    remedies = {problem: why_not_repairable(problem, rules) for problem in problems}
    unrepairable = tuple(problem for problem, remedy in remedies.items() if remedy)
    return VerifyReport(
        root=rules.root.url,
        is_quick=config.quick,
        problems=problems,
        unrepairable=unrepairable,
        remedies=tuple(dict.fromkeys(remedy for remedy in remedies.values() if remedy)),
        orphans=found.orphans,
        not_checked=found.not_checked,
        checked=found.checked,
        num_groups=found.num_groups,
        made_by="jobs/convert.py" if rules.is_converted else "jobs/generate.py",
        removable=to_remove(problems, rules, found.tree),
        removed=repair(problems, rules, found.tree) if config.repair else None,
    )


def _write_json(url: str, report: VerifyReport) -> None:
    """The whole report, every problem of it, as one JSON object."""
    parent, _, name = absolute_url(url).rpartition("/")
    document = {"is_sound": report.is_sound, **dataclasses.asdict(report)}
    Folder(parent or "/").write(name, canonical_json(document))
