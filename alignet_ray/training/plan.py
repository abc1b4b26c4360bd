"""What a training run will do, resolved once by the driver and sent to every worker.

Defaults that depend on the data are filled in here, and everything that cannot work is refused
here, before Ray starts or a model is loaded.
"""

import math
from dataclasses import dataclass

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.config.train import TrainConfig
from alignet_ray.errors import ConfigError
from alignet_ray.functional.planner import Layout, default_num_streams, divisors
from alignet_ray.records.digests import Json
from alignet_ray.training.sources import Sources, open_sources

_DEFAULT_IMAGES_PER_STEP = 384
_DEFAULT_WARMUP_PART = 20


@dataclass(frozen=True, kw_only=True)
class TrainPlan:
    """Pinned shards, the order of reading, and the length of training."""

    sources: Sources
    validation: Sources | None
    layout: Layout
    num_steps: int
    warmup_steps: int

    @property
    def images_per_step(self) -> int:
        """Forward passes of a step over all workers, where all runs have the largest group."""
        return self.layout.groups_per_step * self.sources.images_per_group

    def settings(self, config: TrainConfig, student: ResolvedBackbone) -> Json:
        """What decides the result: settings with their defaults filled in, the student by its
        weights' digest, and the pinned data.
        """
        resolved = {
            "steps": self.num_steps,
            "groups_per_step": self.layout.groups_per_step,
            "warmup_steps": self.warmup_steps,
            "student": student.identity(),
            "runs": {f"run_{i}": source.pin() for i, source in enumerate(self.sources.sources)},
        }
        asked = {name: value for name, value in config.settings().items() if name != "epochs"}
        asked["data"]["num_streams"] = self.layout.num_streams
        return {**asked, **resolved}

    @property
    def epochs(self) -> float:
        """Passes over the groups that the steps make."""
        return self.num_steps / self.layout.steps_per_epoch


def make_plan(config: TrainConfig) -> TrainPlan:
    """Pin the runs and fill in the defaults. Raises ConfigError for what cannot be planned."""
    sources = open_sources(config.runs, "train", config.loss.teacher_temperature)
    if sources is None:
        raise ConfigError("no groups", "a run with groups", ", ".join(config.runs))
    validation = None
    if config.validation.images:
        validation = open_sources(config.runs, "validation", config.loss.teacher_temperature)
    layout = _layout(config, sources)
    steps = config.steps or max(1, round(config.epochs * layout.steps_per_epoch))
    warmup = config.warmup_steps
    if warmup is None:
        warmup = steps // _DEFAULT_WARMUP_PART
    if warmup >= steps:
        raise ConfigError(f"{warmup}", f"fewer than the {steps} steps", "--warmup-steps")
    return TrainPlan(
        sources=sources, validation=validation, layout=layout, num_steps=steps, warmup_steps=warmup
    )


def default_groups_per_step(images_per_group: int) -> int:
    """The power of two whose images come nearest to 384 in ratio."""
    return 2 ** max(0, round(math.log2(_DEFAULT_IMAGES_PER_STEP / images_per_group)))


def _layout(config: TrainConfig, sources: Sources) -> Layout:
    counts = sources.group_counts
    default = default_groups_per_step(sources.images_per_group)
    most = 2 ** int(math.log2(max(1, sum(counts))))  # a small run has small steps
    per_step = config.groups_per_step or min(default, most)
    if sum(counts) < per_step:
        raise ConfigError(
            f"a step of {per_step} groups", f"at most the {sum(counts)} groups of the runs",
            "--groups-per-step", "Generate more groups or ask for smaller steps.",
        )  # fmt: skip
    streams = config.data.num_streams or default_num_streams(per_step, len(counts))
    if per_step % streams:
        raise ConfigError(
            f"{streams} for {per_step} groups a step", f"one of {divisors(per_step)}",
            "--data.num-streams",
        )  # fmt: skip
    if streams % config.num_workers:
        raise ConfigError(
            f"{config.num_workers} for {streams} streams", f"one of {divisors(streams)}",
            "--num-workers",
            f"--data.num-streams may be any of {divisors(per_step)}, and --groups-per-step more.",
        )  # fmt: skip
    return Layout(
        group_counts=counts,
        seed=config.seed,
        groups_per_step=per_step,
        num_streams=streams,
        shuffle_buffer=config.data.shuffle_buffer,
    )
