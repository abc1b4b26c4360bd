"""Settings of `jobs/train.py`: which shards, which student, how long, how many workers."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.config.checks import above, at_least
from alignet_ray.config.resources import Resources
from alignet_ray.config.urls import absolute_plugins
from alignet_ray.errors import ConfigError

_MACHINE_FIELDS = ("runs", "output", "plugins", "num_workers", "cpus_per_worker", "resources")


def _default_student() -> BackboneConfig:
    return BackboneConfig(name="vit_small_patch16_224.augreg_in21k_ft_in1k")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Distil the soft labels of one or more runs into a student, and export it for timm."""

    runs: tuple[str, ...]
    """Roots written by generate; their shards are trained on together."""
    output: str
    """Folder for the exported student and logs."""
    student: BackboneConfig = field(default_factory=_default_student)
    """The model to align."""
    plugins: tuple[str, ...] = ()
    """Modules or .py files of yours that register models."""

    steps: int | None = None
    """Optimiser steps; without it `epochs` counts."""
    epochs: float = 1.0
    """Passes over all groups."""
    groups_per_step: int | None = None
    """Groups in a step over all workers; default the power of two nearest to 384 images."""
    learning_rate: float = 1e-4
    """Peak of Adam's learning rate; the paper trains 100,000 steps of 512 triplets at 3e-5."""
    warmup_steps: int | None = None
    """Steps of linear warm-up before the cosine to 0; default a twentieth of all."""
    weight_decay_to_init: float = 1e-2
    """Factor of the squared distance from the initial weights that is added to the loss."""
    student_temperature: float | Literal["auto"] = "auto"
    """`auto`: where the initial student's mean entropy is the teacher's; the paper's is 100."""
    teacher_temperature: float | None = None
    """Default: the one that the run names."""
    validation_images: int = 4096
    """Images of the validation split to measure on before and after; 0 for none."""
    seed: int = 0
    """Seed of the order of groups."""

    num_streams: int | None = None
    """Streams an epoch is cut into: divides groups_per_step; default at most 16 or the shards."""
    shuffle_buffer: int = 16
    """Groups that each stream holds to shuffle."""
    num_workers: int = 1
    """Workers; divides num_streams, and changes no result but by rounding."""
    cpus_per_worker: float | None = None
    """CPU cores and torch threads of a worker; default an equal share, at most 8."""
    resources: Resources = field(default_factory=Resources)
    """Machines."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "plugins", absolute_plugins(self.plugins))
        if not self.runs:
            raise ConfigError("no run", "at least one root written by generate", "--runs")
        for name in ("steps", "groups_per_step", "num_streams", "num_workers"):
            at_least(name, getattr(self, name), 1)
        for name in ("warmup_steps", "weight_decay_to_init", "validation_images"):
            at_least(name, getattr(self, name), 0)
        for name in ("epochs", "learning_rate", "teacher_temperature", "cpus_per_worker"):
            above(name, getattr(self, name), 0)
        at_least("shuffle_buffer", self.shuffle_buffer, 0)
        at_least("seed", self.seed, 0)
        if self.student_temperature != "auto":
            above("student_temperature", self.student_temperature, 0)

    def settings(self) -> dict[str, Any]:
        """What decides the result, as JSON values: no URL, machine or number of workers."""
        record = {k: v for k, v in asdict(self).items() if k not in _MACHINE_FIELDS}
        return json.loads(json.dumps(record))
