"""What a training run holds on to while its runs may grow: which shards joined at which epoch.

A pin is written down with every checkpoint and with the student. A run that was extended meanwhile
goes on with its pinned shards; one whose pinned shards are no longer what they were is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alignet_ray.errors import MismatchError, RecordError
from alignet_ray.functional.shard_row import Joined, join
from alignet_ray.records.digests import Json
from alignet_ray.records.manifest import MANIFEST_NAME, Manifest
from alignet_ray.records.shards import shard_folder
from alignet_ray.records.store import Folder

_REMEDY = "Bring back the shards that training began with, or give another --output."


@dataclass(frozen=True, kw_only=True)
class SplitPin:
    """The pinned head of a split's manifest: the settings' digest, the digest of the head itself,
    how many shards are read from which epoch on, and the manifest's teacher temperature.
    """

    digest: str
    pin: str
    joined: Joined
    teacher_temperature: float

    @property
    def num_shards(self) -> int:
        """Pinned shards in all."""
        return self.joined[-1][1]

    def to_json(self) -> Json:
        """As plain JSON values."""
        joined = [list(entry) for entry in self.joined]
        return {
            "digest": self.digest, "pin": self.pin, "shards": self.num_shards, "joined": joined,
            "teacher_temperature": self.teacher_temperature,
        }  # fmt: skip


def pin_split(manifest: Manifest, joined: Joined | None = None) -> SplitPin:
    """The pin of a manifest's shards; all of them from the beginning, unless it is said."""
    joined = joined or ((0, len(manifest.shards)),)
    return SplitPin(
        digest=manifest.digest, pin=manifest.pin(joined[-1][1]), joined=joined,
        teacher_temperature=manifest.teacher_temperature,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RunPin:
    """The pinned splits of a run; validation groups never change."""

    train: SplitPin
    validation: SplitPin | None

    def to_json(self) -> Json:
        """As plain JSON values."""
        validation = self.validation.to_json() if self.validation else None
        return {**self.train.to_json(), "validation": validation}


def pin_runs(
    train: Sequence[Manifest | None], validation: Sequence[Manifest | None]
) -> list[RunPin]:
    """The pins of runs that training begins with now."""
    return [
        RunPin(train=pin_split(mine), validation=pin_split(held) if held else None)
        for mine, held in zip(train, validation, strict=True)
        if mine is not None  # the training split has been seen to be there
    ]


def to_json(pins: Sequence[RunPin]) -> Json:
    """All runs' pins by their place among the runs."""
    return {f"run_{place}": pin.to_json() for place, pin in enumerate(pins)}


def from_json(record: Mapping[str, Any], place: str) -> list[RunPin]:
    """Back from JSON. Raises RecordError naming the place."""
    try:
        return [_run_pin(record[f"run_{number}"]) for number in range(len(record))]
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"pins lack {error}", "pinned runs", place) from error


def _run_pin(record: Mapping[str, Any]) -> RunPin:
    held = record["validation"]
    return RunPin(train=_split_pin(record), validation=_split_pin(held) if held else None)


def _split_pin(record: Mapping[str, Any]) -> SplitPin:
    joined = tuple((int(epoch), int(shards)) for epoch, shards in record["joined"])
    return SplitPin(
        digest=record["digest"], pin=record["pin"], joined=joined,
        teacher_temperature=float(record["teacher_temperature"]),
    )  # fmt: skip


def check_pins(
    roots: Sequence[str],
    pins: Sequence[RunPin],
    train: Sequence[Manifest | None],
    validation: Sequence[Manifest | None],
) -> None:
    """Raise MismatchError where the runs no longer begin with the pinned shards."""
    if len(roots) != len(pins):
        raise MismatchError(
            f"{len(roots)} runs", f"the {len(pins)} that training began with", "--runs",
            "Name the same runs in the same order.",
        )  # fmt: skip
    for root, pin, mine, held in zip(roots, pins, train, validation, strict=True):
        _check(root, "train", pin.train, mine)
        if pin.validation is not None:
            _check(root, "validation", pin.validation, held)


def _check(root: str, split: str, pin: SplitPin, manifest: Manifest | None) -> None:
    place = shard_folder(Folder.at(root), split).place(MANIFEST_NAME)
    if manifest is None:
        raise MismatchError("no manifest", f"{pin.num_shards} pinned shards", place, _REMEDY)
    if manifest.digest != pin.digest:
        raise MismatchError(
            f"shards of other settings (digest {manifest.digest[:12]})",
            f"{pin.digest[:12]}, which training began with", place, _REMEDY,
        )  # fmt: skip
    if manifest.teacher_temperature != pin.teacher_temperature:
        raise MismatchError(
            f"teacher temperature {manifest.teacher_temperature}",
            f"{pin.teacher_temperature}, which training began with", place, _REMEDY,
        )  # fmt: skip
    if len(manifest.shards) < pin.num_shards:
        raise MismatchError(
            f"{len(manifest.shards)} shards", f"the {pin.num_shards} that training began with",
            place, _REMEDY,
        )  # fmt: skip
    if manifest.pin(pin.num_shards) != pin.pin:
        raise MismatchError(
            f"other shards among the first {pin.num_shards}",
            "those that training began with", place, _REMEDY,
        )  # fmt: skip


def num_new_shards(pins: Sequence[RunPin], train: Sequence[Manifest | None]) -> int:
    """Shards that the runs have beyond the pinned ones."""
    return sum(
        len(manifest.shards) - pin.train.num_shards
        for pin, manifest in zip(pins, train, strict=True)
        if manifest is not None
    )


def join_new_shards(
    pins: Sequence[RunPin], train: Sequence[Manifest | None], epoch: int
) -> list[RunPin]:
    """The pins with all shards that the runs have now, from an epoch on; epoch 0 is never changed.

    A boundary that is written down already and lies later is kept, so that the row only grows.
    """
    epoch = max([1, epoch, *(pin.train.joined[-1][0] for pin in pins)])
    grown: list[RunPin] = []
    for pin, manifest in zip(pins, train, strict=True):
        assert manifest is not None
        joined = join(pin.train.joined, epoch, len(manifest.shards))
        grown.append(replace(pin, train=pin_split(manifest, joined)))
    return grown
