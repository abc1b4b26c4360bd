"""Whether a manifest lists exactly the finished shards of its split, as they are."""

import math
from collections.abc import Mapping

from alignet_ray.config.generate import AUTO
from alignet_ray.errors import RecordError
from alignet_ray.generation.verification.findings import (
    Problem,
    Record,
    examine,
    expect,
    read_canonical,
)
from alignet_ray.generation.verification.rules import RunRules, SplitRule
from alignet_ray.records.digests import differences
from alignet_ray.records.manifest import MANIFEST_NAME, Manifest, ManifestShard, parse_manifest
from alignet_ray.records.shards import shard_folder


def manifest_record(split: str) -> Record:
    """The manifest of a split, as problems name it."""
    return Record(kind="manifest", split=split)


def check_manifest(rules: RunRules, rule: SplitRule) -> Manifest | Problem:
    """The manifest of a split, or what is wrong with it before its shards are looked at."""
    return examine(manifest_record(rule.split), lambda: _manifest(rules, rule))


def _manifest(rules: RunRules, rule: SplitRule) -> Manifest:
    folder = shard_folder(rules.root, rule.split)
    place = folder.place(MANIFEST_NAME)
    fields, _ = read_canonical(folder, MANIFEST_NAME)
    manifest = parse_manifest(fields, place)
    asked = rules.settings.shards["teacher_temperature"]
    wanted = {
        "digest": rules.settings.shards_digest,
        "split": rule.split,
        "strategy": rule.strategy,
        "blocks": rule.blocks,
        "num_images": rule.num_images,
        "teacher_temperature": None if asked == AUTO else asked,
    }
    for name, value in wanted.items():
        if value is not None:
            expect(getattr(manifest, name), value, name, place)
    if not (0 < manifest.teacher_temperature < math.inf):
        raise RecordError(f"teacher_temperature {manifest.teacher_temperature!r}", "above 0", place)
    numbers = [line.shard for line in manifest.shards]
    if numbers != list(range(len(numbers))):
        at = next(place for place, number in enumerate(numbers) if place != number)
        raise RecordError(f"shard {numbers[at]} in line {at}", "every number in order", place)
    if len(numbers) < rule.least_shards:
        raise RecordError(f"{len(numbers)} shards", f"at least {rule.least_shards}", place)
    if rule.most_shards is not None and len(numbers) > rule.most_shards:
        raise RecordError(f"{len(numbers)} shards", f"at most {rule.most_shards}", place)
    return manifest


def check_lines(
    rules: RunRules, manifest: Manifest, sound: Mapping[int, ManifestShard]
) -> Problem | None:
    """What a manifest says otherwise of its sound shards than they are; None for nothing."""
    place = shard_folder(rules.root, manifest.split).place(MANIFEST_NAME)
    for line in manifest.shards:
        found = sound.get(line.shard)
        if found is None or found == line:
            continue
        name, said, true = next(differences(vars(line), vars(found)))
        return Problem(
            record=manifest_record(manifest.split),
            place=place,
            wrong=f"{name} of shard {line.shard} {said!r}",
            expected=f"{true!r}, as its sidecar says",
        )
    return None
