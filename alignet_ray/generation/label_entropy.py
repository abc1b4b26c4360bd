"""Teacher temperature `auto`: soft labels as uncertain, on average, as another run's.

A raw backbone's dot products can be so large that its labels are nearly one-hot; compared with
an aligned teacher at the same temperature, that compares hardness, not alignment. So the mean
entropy over the validation triplets is matched (method: section 3, UnAligNet).
"""

import numpy as np
from jaxtyping import Float32

from alignet_ray.config.generate import AUTO, GenerateConfig
from alignet_ray.errors import InputError, RecordError, StorageError
from alignet_ray.functional.odd_one_out import PAIR_ORDER
from alignet_ray.functional.temperature import matching_temperature, mean_entropy
from alignet_ray.records.manifest import Manifest, read_manifest
from alignet_ray.records.run import RunSettings
from alignet_ray.records.shards import read_groups, read_sidecar, shard_folder
from alignet_ray.records.store import Folder
from alignet_ray.stages.tasks import map_tasks

SPLIT = "validation"
_GROUPS_AT_ONCE = 256


def target_entropy(config: GenerateConfig, frozen: RunSettings | None) -> float | None:
    """The mean entropy that `auto` matches; the root's own where the other run is gone."""
    if config.shards.teacher_temperature != AUTO:
        return None
    place, known = _entropy_from(config), _known_entropy(frozen)
    try:
        return entropy_of_run(Folder.at(place)) if place is not None else known
    except (InputError, RecordError, StorageError):
        if known is None:
            raise
        return known


def refuse_missing_entropy(config: GenerateConfig, frozen: RunSettings | None) -> None:
    """Raise InputError where `auto` has no run to match and the root knows no entropy."""
    if config.shards.teacher_temperature != AUTO or _known_entropy(frozen) is not None:
        return
    place = _entropy_from(config)
    if place is None:
        raise InputError(
            "auto", "a run whose label entropy to match", "--shards.teacher-temperature",
            "Name the aligned teacher's run by --shards.entropy-from.",
        )  # fmt: skip
    _matched_manifest(Folder.at(place))


def _entropy_from(config: GenerateConfig) -> str | None:
    return config.shards.entropy_from or config.images_from


def _known_entropy(frozen: RunSettings | None) -> float | None:
    return frozen.shards.get("target_entropy") if frozen else None


def _matched_manifest(root: Folder) -> Manifest:
    """The manifest of a run's validation triplets. Raises InputError where there are none."""
    manifest = read_manifest(root, SPLIT)
    if manifest is None or sum(manifest.blocks) != len(PAIR_ORDER):
        raise InputError(
            "no validation triplets", "a finished run that has them", root.url,
            "Name another run by --shards.entropy-from.",
        )  # fmt: skip
    return manifest


def entropy_of_run(root: Folder) -> float:
    """Mean label entropy in nats of a finished run's validation triplets, at its temperature.

    Rounded to 6 digits, so that it is one number on every machine. Raises InputError where the
    run has no validation triplets.
    """
    manifest = _matched_manifest(root)
    return _rounded(mean_entropy(_similarities(root, manifest), manifest.teacher_temperature))


def temperature_for(root: Folder, num_shards: int, target_entropy: float) -> float:
    """The temperature that gives this run's validation triplets that mean entropy.

    Raises InputError where none does.
    """
    similarities = _concatenated(root, range(num_shards))
    try:
        return _rounded(matching_temperature(similarities, target_entropy))
    except ValueError as error:
        raise InputError(
            str(error), "labels that a temperature can make as uncertain as the other run's",
            root.url, "Give --shards.teacher-temperature as a number, in another --output.",
        ) from error  # fmt: skip


def _similarities(root: Folder, manifest: Manifest) -> Float32[np.ndarray, "triplets 3"]:
    return _concatenated(root, [line.shard for line in manifest.shards])


def _concatenated(root: Folder, shards: "range | list[int]") -> Float32[np.ndarray, "triplets 3"]:
    found = dict(map_tasks(shard_similarities, shards, root))
    return np.concatenate([found[shard] for shard in shards])


def shard_similarities(shard: int, root: Folder) -> Float32[np.ndarray, "triplets 3"]:
    """Similarities in pair order of a validation shard's triplets."""
    folder = shard_folder(root, SPLIT)
    record = read_sidecar(folder, shard)
    left, right = zip(*PAIR_ORDER, strict=True)
    pieces = [
        [group.similarities[list(left), list(right)] for group in groups]
        for start in range(0, record.num_groups, _GROUPS_AT_ONCE)
        if (groups := read_groups(
            folder, record, start, min(start + _GROUPS_AT_ONCE, record.num_groups)
        ))
    ]  # fmt: skip
    return np.array([row for piece in pieces for row in piece], dtype=np.float32)


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
