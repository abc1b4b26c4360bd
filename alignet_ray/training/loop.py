"""Training from the first step to the export, on one rank of a given world.

Every rank runs this function; rank 0 writes the log and the student. Runs without Ray: the world
and the observer are arguments.
"""

import math
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import torch

from alignet_ray.config.train import TrainConfig
from alignet_ray.errors import InputError
from alignet_ray.records.digests import Json
from alignet_ray.records.store import Folder
from alignet_ray.records.student_head import write_head
from alignet_ray.training.data import Batch, Decoder, ahead, step_groups
from alignet_ray.training.export import export_student
from alignet_ray.training.learner import Learner, make_learner
from alignet_ray.training.metrics import MetricsLog
from alignet_ray.training.plan import TrainPlan
from alignet_ray.training.precision import with_precision
from alignet_ray.training.schedule import learning_rate_factor
from alignet_ray.training.sharpness import Sharpness, measure_sharpness
from alignet_ray.training.step import StepFigures, training_step
from alignet_ray.training.validation import validate
from alignet_ray.training.world import World


@runtime_checkable
class Observer(Protocol):
    """Who watches: told of finished steps and of lines worth reading."""

    def advance(self, steps: int) -> None:
        """So many more steps are done."""
        ...

    def say(self, line: str) -> None:
        """A line for the user."""
        ...


def train_student(
    config: TrainConfig,
    plan: TrainPlan,
    world: World,
    observer: Observer,
    *,
    decode_threads: int = 1,
    precision: torch.dtype = torch.float32,
) -> Json:
    """Train, export, and return the figures; the same on every rank.

    Raises RecordError for a shard that cannot be read, and InputError for a student that cannot
    be loaded or a loss that is not finite.
    """
    config = with_precision(config, world.device)
    learner = make_learner(config, world, precision)
    with _decoder(learner, decode_threads) as decoder:
        sharpness = _sharpness(config, plan, learner, decoder, world)
        _say_sharpness(sharpness, world, observer)
        before = _validate(config, plan, learner, decoder, world, sharpness)
        last = _all_steps(config, plan, learner, decoder, world, observer, sharpness)
        after = _validate(config, plan, learner, decoder, world, sharpness)
    figures = {
        "steps": plan.num_steps,
        "student_temperature": learner.network.temperature(sharpness.student_temperature),
        "student_temperature_before": sharpness.student_temperature,
        "student_entropy_before": sharpness.student_entropy,
        "teacher_entropy": sharpness.teacher_entropy,
        "last_step": vars(last),
        "validation": {"before": before, "after": after} if before else None,
    }
    if world.is_first:
        folder = Folder.at(config.output)
        if learner.network.head is not None:
            write_head(folder, learner.network.head.state_dict())
        export_student(folder, learner.backbone, plan.settings(config, learner.before), figures)
    return figures


@contextmanager
def _decoder(learner: Learner, num_threads: int) -> Generator[Decoder]:
    decoder = Decoder(learner.before.preprocessing, num_threads)
    try:
        yield decoder
    finally:
        decoder.close()


def _sharpness(
    config: TrainConfig, plan: TrainPlan, learner: Learner, decoder: Decoder, world: World
) -> Sharpness:
    """Measured by rank 0 over the whole first step, so that it is the same for every world."""
    measured = measure_sharpness(config, plan, learner, decoder) if world.is_first else None
    sharpness = world.from_first(measured)
    assert sharpness is not None
    return sharpness


def _say_sharpness(sharpness: Sharpness, world: World, observer: Observer) -> None:
    if not world.is_first:
        return
    observer.say(
        f"student temperature {sharpness.student_temperature:.4g}; mean entropy: teacher "
        f"{sharpness.teacher_entropy:.4f}, initial student {sharpness.student_entropy:.4f} nats"
    )
    warning = sharpness.warning()
    if warning:
        observer.say(f"warning: {warning}")


def _validate(
    config: TrainConfig,
    plan: TrainPlan,
    learner: Learner,
    decoder: Decoder,
    world: World,
    sharpness: Sharpness,
) -> Json | None:
    return validate(
        plan,
        learner,
        decoder,
        world,
        student_temperature=sharpness.student_temperature,
        max_images=config.validation.images,
    )


def _all_steps(
    config: TrainConfig,
    plan: TrainPlan,
    learner: Learner,
    decoder: Decoder,
    world: World,
    observer: Observer,
    sharpness: Sharpness,
) -> StepFigures:
    """Every step in order; rank 0 logs each. Returns the last step's figures."""
    log = MetricsLog(Folder.at(config.output)) if world.is_first else None
    streams = plan.layout.streams_of(world.rank, world.size)
    groups = step_groups(plan.sources, plan.layout, streams, plan.num_steps)
    figures = None
    started = time.monotonic()
    try:
        with ahead(decoder.batch(step) for step in groups) as batches:
            for step, batch in enumerate(batches):
                rate = _set_learning_rate(config, plan, learner, step)
                figures = _step(config, learner, batch, world, sharpness)
                _refuse_divergence(figures, step)
                now = time.monotonic()
                if log is not None:
                    log.add(_record(figures, step, rate, plan.images_per_step / (now - started)))
                    observer.advance(1)
                started = now
    finally:
        if log is not None:
            log.write()
    assert figures is not None
    return figures


def _step(
    config: TrainConfig, learner: Learner, batch: Batch, world: World, sharpness: Sharpness
) -> StepFigures:
    return training_step(learner, batch, world, student_temperature=sharpness.student_temperature)


def _set_learning_rate(config: TrainConfig, plan: TrainPlan, learner: Learner, step: int) -> float:
    factor = learning_rate_factor(step, plan.warmup_steps, plan.num_steps)
    rate = config.learning_rate * factor
    for group in learner.optimizer.param_groups:
        group["lr"] = rate
    return rate


def _refuse_divergence(figures: StepFigures, step: int) -> None:
    if not (math.isfinite(figures.loss) and math.isfinite(figures.gradient_norm)):
        raise InputError(
            f"loss {figures.loss}, gradient norm {figures.gradient_norm}", "finite numbers",
            f"step {step}", "Lower --learning-rate, or check the student's weights.",
        )  # fmt: skip


def _record(
    figures: StepFigures, step: int, learning_rate: float, images_per_second: float
) -> Json:
    return {
        "step": step,
        **vars(figures),
        "learning_rate": learning_rate,
        "images_per_second": round(images_per_second, 2),
    }
