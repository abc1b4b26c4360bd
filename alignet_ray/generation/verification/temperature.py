"""Whether a temperature that was left to the run is the one that its validation triplets give."""

import math
from collections.abc import Iterator, Mapping

from alignet_ray.config.generate import AUTO
from alignet_ray.errors import InputError
from alignet_ray.generation.label_entropy import SPLIT, temperature_for
from alignet_ray.generation.verification.findings import Problem
from alignet_ray.generation.verification.manifests import manifest_record
from alignet_ray.generation.verification.rules import RunRules
from alignet_ray.records.manifest import MANIFEST_NAME, Manifest
from alignet_ray.records.shards import shard_folder

_TOLERANCE = 1e-4  # the last bits of an entropy may differ from machine to machine


def is_matched(rules: RunRules) -> bool:
    """Whether the settings leave the temperature to the validation triplets."""
    return rules.settings.shards["teacher_temperature"] == AUTO


def check_temperature(
    rules: RunRules, manifests: Mapping[str, Manifest | Problem]
) -> Iterator[Problem]:
    """Manifests with another temperature. All validation shards must be there and sound."""
    (rule,) = (rule for rule in rules.splits if rule.split == SPLIT)
    target = rules.settings.shards["target_entropy"]
    try:
        wanted = temperature_for(rules.root, rule.least_shards, target)
    except InputError as error:
        wanted, expected = math.nan, f"{error.expectation} ({error.value})"
    else:
        expected = f"{wanted!r}, which gives the validation triplets an entropy of {target!r}"
    for split, manifest in manifests.items():
        if isinstance(manifest, Problem):
            continue
        found = manifest.teacher_temperature
        if not math.isclose(found, wanted, rel_tol=_TOLERANCE):
            yield Problem(
                record=manifest_record(split),
                place=shard_folder(rules.root, split).place(MANIFEST_NAME),
                wrong=f"teacher_temperature {found!r}",
                expected=expected,
            )
