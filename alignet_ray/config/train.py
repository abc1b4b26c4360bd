"""Settings of `jobs/train.py`: which shards, which student, how long, how many workers."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.config.checkpoints import CheckpointConfig
from alignet_ray.config.checks import above, at_least
from alignet_ray.config.distillation import LossConfig
from alignet_ray.config.presets import DEFAULT_STUDENT_NAME
from alignet_ray.config.resources import Resources
from alignet_ray.config.streaming import StreamingConfig
from alignet_ray.config.urls import absolute_plugins
from alignet_ray.config.validation import ValidationConfig
from alignet_ray.errors import ConfigError

_MACHINE_FIELDS = (
    "runs", "output", "plugins", "checkpoints", "num_workers", "max_workers", "cpus_per_worker",
    "resources",
)  # fmt: skip
_ORDER_FIELDS = ("num_streams", "shuffle_buffer")  # all else of `data` is how, not what, to read
_ROUNDING_FIELDS = ("micro_batch_images", "gradient_checkpointing", "compile")
"""How the passes are made: they fit memory and time, and change a result by rounding alone."""


def _default_student() -> BackboneConfig:
    return BackboneConfig(name=DEFAULT_STUDENT_NAME)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Distil the soft labels of one or more runs into a student, and export it for timm."""

    runs: tuple[str, ...]
    """Roots written by generate; their shards are trained on together."""
    output: str
    """Folder for the exported student, checkpoints and logs."""
    student: BackboneConfig = field(default_factory=_default_student)
    """The model to align."""
    plugins: tuple[str, ...] = ()
    """Modules or .py files of yours that register models."""

    steps: int | None = None
    """Optimiser steps, instead of `epochs`."""
    epochs: float | None = None
    """Passes over all groups; 1 where no steps are given either."""
    groups_per_step: int | None = None
    """Groups in a step over all workers; default the power of two nearest to 384 images."""
    learning_rate: float = 1e-4
    """Peak of Adam's learning rate; the paper trains 100,000 steps of 512 triplets at 3e-5."""
    warmup_steps: int | None = None
    """Steps of linear warm-up before the cosine to 0; default a twentieth of all."""
    gradient_clip: float | None = None
    """Longest gradient that Adam sees; longer ones are scaled down. The paper clips none."""
    loss: LossConfig = field(default_factory=LossConfig)
    """The loss."""
    batch_norm: Literal["frozen", "train"] = "frozen"
    """`frozen`: statistics stay; `train`: each step's (one CPU worker or GPUs; whole batches)."""
    validation: ValidationConfig = field(default_factory=ValidationConfig)
    """Validation."""
    export: Literal["last", "best"] = "last"
    """Which student to export: that of the last step, or the one with the lowest validation KL."""
    seed: int = 0
    """Seed of the order of groups, and of the head."""

    data: StreamingConfig = field(default_factory=StreamingConfig)
    """Reading."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the passes; `auto`: bfloat16 autocast on GPUs, else float32. Losses are in float32."""
    micro_batch_images: int | None = None
    """Most images in a worker's pass, in whole groups: saves memory, and the update is the same."""
    gradient_checkpointing: bool = False
    """Less memory and a third more time: activations are computed again for the gradient."""
    compile: bool = False
    """Compile the student with torch.compile: minutes at the start, faster steps on GPUs."""
    checkpoints: CheckpointConfig = field(default_factory=CheckpointConfig)
    """Checkpoints."""
    num_workers: int = 1
    """Workers; divides num_streams, and changes no result but by rounding."""
    max_workers: int | None = None
    """Elastic: as many workers as the cluster has room for, up to this and num_workers at least."""
    cpus_per_worker: float | None = None
    """CPU cores and torch threads of a worker; default an equal share, at most 8."""
    resources: Resources = field(default_factory=Resources)
    """Machines."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "plugins", absolute_plugins(self.plugins))
        if not self.runs or not all(self.runs):
            raise ConfigError("no run", "at least one root written by generate", "--runs")
        if not self.output:
            raise ConfigError("no folder", "a folder for the student", "--output")
        if self.steps is not None and self.epochs is not None:
            raise ConfigError(
                f"{self.steps:,} steps and {self.epochs:g} epochs", "one of the two", "--steps",
                "Leave --epochs out, or --steps.",
            )  # fmt: skip
        for name in (
            "steps", "groups_per_step", "micro_batch_images", "num_workers", "max_workers",
        ):  # fmt: skip
            at_least(name, getattr(self, name), 1)
        for name in ("warmup_steps", "seed"):
            at_least(name, getattr(self, name), 0)
        for name in ("epochs", "learning_rate", "gradient_clip", "cpus_per_worker"):
            above(name, getattr(self, name), 0)
        if self.max_workers is not None and self.max_workers < self.num_workers:
            raise ConfigError(
                f"{self.max_workers}", f"at least the {self.num_workers} of --num-workers",
                "--max-workers",
            )  # fmt: skip
        if self.export == "best" and not self.validation.images:
            raise ConfigError("best without validation", "--validation.images", "--export")
        if self.batch_norm == "train" and self.micro_batch_images is not None:
            raise ConfigError(
                "micro-batches with --batch-norm train",
                "one of the two: a micro-batch's statistics are not the step's",
                "--micro-batch-images",
            )

    def settings(self) -> dict[str, Any]:
        """What decides the result, as JSON values: no URL, machine or number of workers."""
        left_out = (*_MACHINE_FIELDS, *_ROUNDING_FIELDS)
        record = {k: v for k, v in asdict(self).items() if k not in left_out}
        if self.loss.head == "none":
            del record["loss"]["head_dim"]
        record["data"] = {name: record["data"][name] for name in _ORDER_FIELDS}
        return json.loads(json.dumps(record))
