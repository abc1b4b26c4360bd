"""What a training run will do, resolved once by the driver and sent to every worker.

Defaults that depend on the data are filled in here, and everything that cannot work is refused
here, before Ray starts or a model is loaded.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.config.train import TrainConfig
from alignet_ray.errors import ConfigError
from alignet_ray.functional.planner import Layout, default_num_streams, divisors
from alignet_ray.plurals import counted
from alignet_ray.records.digests import Json
from alignet_ray.records.manifest import Manifest
from alignet_ray.training import pins as pinning
from alignet_ray.training.pins import RunPin
from alignet_ray.training.sources import Sources, read_manifests, sources_of

_DEFAULT_IMAGES_PER_STEP = 384
_DEFAULT_WARMUP_PART = 20
_DEFAULT_EPOCHS = 1.0


@dataclass(frozen=True, kw_only=True)
class TrainPlan:
    """Pinned shards, the order of reading, and the length of training.

    `start` are the pins of the beginning and `pins` those of now, in which shards may have joined;
    `remark` is a line for the user about shards that are new.
    """

    sources: Sources
    validation: Sources | None
    layout: Layout
    num_steps: int
    warmup_steps: int
    start: Json
    pins: Json
    remark: str | None = None

    @property
    def images_per_step(self) -> int:
        """Images of a mean step over all workers: the runs may have groups of several sizes."""
        return round(self.layout.groups_per_step * self.sources.mean_images_per_group)

    def settings(self, config: TrainConfig, student: ResolvedBackbone) -> Json:
        """What decides the result: settings with their defaults filled in, the student by its
        weights' digest, and the data that training began with.

        Shards that joined later change nothing here, so that a run may be resumed with them; they
        are in `pins`.
        """
        resolved = {
            "steps": self.num_steps,
            "groups_per_step": self.layout.groups_per_step,
            "warmup_steps": self.warmup_steps,
            "student": student.identity(),
            "runs": self.start,
        }
        asked = {name: value for name, value in config.settings().items() if name != "epochs"}
        asked["data"]["num_streams"] = self.layout.num_streams
        return {**asked, **resolved}

    @property
    def epochs(self) -> float:
        """Passes over the groups that the steps make."""
        epoch, done = self.layout.locate(self.num_steps)
        return epoch + done / self.layout.epoch(epoch).num_steps


def make_plan(config: TrainConfig, pinned: Json | None = None, step: int = 0) -> TrainPlan:
    """Pin the runs, or go on with the pins of a checkpoint at `step`, and fill in the defaults.

    All defaults come from the shards that training began with. Raises ConfigError for what cannot
    be planned, and MismatchError where the pinned shards have changed.
    """
    train = read_manifests(config.runs, "train")
    validation = read_manifests(config.runs, "validation")
    if pinned is None:
        pins = pinning.pin_runs(train, validation)
    else:
        pins = pinning.from_json(pinned, config.output)
        pinning.check_pins(config.runs, pins, train, validation)
    sources = _train_sources(config, pins, train)
    layout = _layout(config, sources)
    epochs = _DEFAULT_EPOCHS if config.epochs is None else config.epochs
    steps = config.steps or max(1, round(epochs * layout.epoch(0).num_steps))
    warmup = config.warmup_steps
    if warmup is None:
        warmup = steps // _DEFAULT_WARMUP_PART
    if warmup >= steps:
        raise ConfigError(f"{warmup}", f"fewer than the {steps} steps", "--warmup-steps")
    if config.export == "best" and not any(validation):
        raise ConfigError("best without a validation split", "runs that have one", "--export")
    plan = TrainPlan(
        sources=sources,
        validation=_validation_sources(config, pins, validation),
        layout=layout,
        num_steps=steps,
        warmup_steps=warmup,
        start=_start(pins, train),
        pins=pinning.to_json(pins),
    )
    return _with_new_shards(plan, config, pins, train, step)


def _with_new_shards(
    plan: TrainPlan,
    config: TrainConfig,
    pins: Sequence[RunPin],
    train: Sequence[Manifest | None],
    step: int,
) -> TrainPlan:
    """The plan with shards that are new, where they are to join; else it only says so."""
    new = pinning.num_new_shards(pins, train)
    if not new:
        return plan
    shards = counted(new, "new shard")
    if not config.data.add_new_shards:
        return replace(plan, remark=f"{shards} left out; --data.add-new-shards lets them join")
    grown = pinning.join_new_shards(pins, train, plan.layout.next_epoch(step))
    sources = _train_sources(config, grown, train)
    layout = replace(plan.layout, group_counts=sources.group_counts, eras=sources.eras)
    first = layout.first_step(layout.eras[-1].first_epoch)
    if first >= plan.num_steps:
        remark = f"{shards} left out: no epoch begins before the last step"
        return replace(plan, remark=remark)
    remark = f"{shards} from epoch {layout.eras[-1].first_epoch} on, which begins at step {first}"
    return replace(plan, sources=sources, layout=layout, pins=pinning.to_json(grown), remark=remark)


def _start(pins: Sequence[RunPin], train: Sequence[Manifest | None]) -> Json:
    """The pins without what joined later."""
    first = [
        replace(pin, train=pinning.pin_split(manifest, pin.train.joined[:1]))
        for pin, manifest in zip(pins, train, strict=True)
        if manifest is not None
    ]
    return pinning.to_json(first)


def _train_sources(
    config: TrainConfig, pins: Sequence[RunPin], manifests: Sequence[Manifest | None]
) -> Sources:
    joined = [pin.train.joined for pin in pins]
    temperature = config.loss.teacher_temperature
    sources = sources_of(config.runs, manifests, joined, temperature, config.data)
    if sources is None or not sum(sources.group_counts):
        raise ConfigError("no groups", "a run with groups", ", ".join(config.runs))
    return sources


def _validation_sources(
    config: TrainConfig, pins: Sequence[RunPin], manifests: Sequence[Manifest | None]
) -> Sources | None:
    if not config.validation.images:
        return None
    joined = [pin.validation.joined if pin.validation else () for pin in pins]
    temperature = config.loss.teacher_temperature
    return sources_of(config.runs, manifests, joined, temperature, config.data)


def default_groups_per_step(images_per_group: int) -> int:
    """The power of two whose images come nearest to 384 in ratio."""
    return 2 ** max(0, round(math.log2(_DEFAULT_IMAGES_PER_STEP / images_per_group)))


def _layout(config: TrainConfig, sources: Sources) -> Layout:
    counts = sources.group_counts[: sources.eras[0].num_shards]
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
        group_counts=sources.group_counts,
        eras=sources.eras,
        seed=config.seed,
        groups_per_step=per_step,
        num_streams=streams,
        shuffle_buffer=config.data.shuffle_buffer,
    )
