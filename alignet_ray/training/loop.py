"""Training from the first step, or from a checkpoint, to the export, on one rank of a given world.

Every rank runs this; rank 0 writes the log, the checkpoints and the student. Runs without Ray:
the world and the observer are arguments.
"""

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import cached_property

import torch

from alignet_ray.config.train import TrainConfig
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.records.checkpoints import CHECKPOINTS_FOLDER, forget_checkpoint, read_tensors
from alignet_ray.records.digests import Json
from alignet_ray.records.store import Folder
from alignet_ray.records.student_head import write_head
from alignet_ray.training.checkpointing import (
    Progress,
    Start,
    clear_finished,
    find_start,
    read_best,
    restore,
)
from alignet_ray.training.data import Batch, Decoder, reading
from alignet_ray.training.divergence import refuse_broken_weights, refuse_divergence
from alignet_ray.training.export import describe_data, export_student
from alignet_ray.training.interview import Interview
from alignet_ray.training.keeper import Keeper, Observer
from alignet_ray.training.learner import Learner, make_learner
from alignet_ray.training.lost_groups import lost_in_epoch
from alignet_ray.training.plan import TrainPlan
from alignet_ray.training.precision import with_precision
from alignet_ray.training.report.record import write_facts
from alignet_ray.training.schedule import learning_rate_factor
from alignet_ray.training.sharpness import Sharpness, measure_sharpness
from alignet_ray.training.step import training_step
from alignet_ray.training.validation import is_validation_due, validate
from alignet_ray.training.world import Agreement, World


def train_student(
    config: TrainConfig,
    plan: TrainPlan,
    world: World,
    observer: Observer,
    *,
    decode_threads: int = 1,
    precision: torch.dtype = torch.float32,
) -> Json | None:
    """Train, export, and return the figures, the same on every rank; None where the observer of
    some rank asked to stop: the last checkpoint then holds all that was done.

    Goes on from the last whole checkpoint below `config.output`. Raises MismatchError where that
    has other settings, RecordError for a shard that cannot be read, and InputError for a student
    that cannot be loaded or a loss that is not finite.
    """
    config = with_precision(config, world.device)
    for sources in filter(None, (plan.sources, plan.validation)):
        sources.listen(observer.say)
    learner = make_learner(config, world, precision)
    with closing(Decoder(learner.before.preprocessing, decode_threads)) as decoder:
        rank = _Rank(config, plan, world, observer, learner, decoder)
        # Asked before a checkpoint is taken up: the answers are the initial student's.
        interview = Interview(plan, learner, decoder, config.seed) if world.is_first else None
        progress = rank.all_steps(rank.begin())
        return rank.finish(progress, interview) if progress.step == plan.num_steps else None


@dataclass(frozen=True)
class _Rank:
    """One rank's part in the training of one student: what it is given, and its verbs."""

    config: TrainConfig
    plan: TrainPlan
    world: World
    observer: Observer
    learner: Learner
    decoder: Decoder

    @cached_property
    def folder(self) -> Folder:
        """Where the student, the checkpoints and the logs go."""
        return Folder.at(self.config.output)

    @cached_property
    def settings(self) -> Json:
        """What decides the result."""
        return self.plan.settings(self.config, self.learner.before)

    def begin(self) -> Progress:
        """From the last whole checkpoint, whose weights the learner gets, or from the start."""
        progress = self._resumed() or self._measured()
        if self.world.is_first:
            self.observer.begin(progress.step)
        return progress

    def _resumed(self) -> Progress | None:
        """Rank 0 looks for the checkpoint, and the others read the one that it found."""
        start = find_start(self.folder, self.settings) if self.world.is_first else Start()
        if self.world.is_first:
            self._say_start(start)
        checkpoint = self.world.from_first(start.checkpoint)
        if checkpoint is None:
            return None
        tensors = start.tensors or read_tensors(self.folder, checkpoint)
        restore(self.learner, tensors, self.folder.place(CHECKPOINTS_FOLDER))
        return Progress.of(checkpoint)

    def _say_start(self, start: Start) -> None:
        for broken in start.broken:
            self.observer.say(f"checkpoint {broken.name} is broken and is left out")
            forget_checkpoint(self.folder, broken)
        if start.checkpoint is not None:
            step, num_steps = start.checkpoint.step, self.plan.num_steps
            self.observer.say(f"going on after step {step:,} of {num_steps:,}")

    def _measured(self) -> Progress:
        """What is known before the first step."""
        progress = Progress(step=0, sharpness=self._sharpness())
        if self.world.is_first and self.plan.validation is not None:
            self.observer.say("validating before the first step ...")
        return self._validated(progress)

    def _sharpness(self) -> Sharpness:
        """Measured by rank 0 over the whole first step, so that it is the same for every world."""
        measured = None
        if self.world.is_first:
            measured = measure_sharpness(self.config, self.plan, self.learner, self.decoder)
            _say_sharpness(measured, self.observer)
        sharpness = self.world.from_first(measured)
        assert sharpness is not None
        return sharpness

    def _validated(self, progress: Progress) -> Progress:
        """With the figures of a validation now, where the runs have such a split."""
        figures = validate(
            self.plan,
            self.learner,
            self.decoder,
            self.world,
            student_temperature=progress.sharpness.student_temperature,
            max_images=self.config.validation.images,
        )
        if figures is None:
            return progress
        refuse_divergence(self.folder, progress.step, {"validation": figures})
        validation = {"step": progress.step, **figures}
        return replace(progress, validations=(*progress.validations, validation))

    def all_steps(self, progress: Progress) -> Progress:
        """Every step that is left, in order, or until somebody asks to stop."""
        plan, world = self.plan, self.world
        streams = plan.layout.streams_of(world.rank, world.size)
        reader = reading(
            plan.sources,
            plan.layout,
            streams,
            self.decoder,
            self.config.data,
            num_steps=plan.num_steps,
            first_step=progress.step,
        )
        with ExitStack() as stack:
            keeper = (
                stack.enter_context(closing(self._keeper(progress))) if world.is_first else None
            )
            agreement = stack.enter_context(closing(Agreement(world)))
            batches = stack.enter_context(reader)
            started = time.monotonic()
            for batch in batches:
                progress = self._step(progress, batch)
                if keeper is not None:
                    keeper.step_done(progress, self._rate(), time.monotonic() - started)
                is_stopping = agreement.reached(self.observer.is_stopping())
                progress = self._after_step(progress, keeper, is_stopping=is_stopping)
                if is_stopping:
                    break
                started = time.monotonic()
        return progress

    def _keeper(self, progress: Progress) -> Keeper:
        keeper = Keeper(
            self.folder,
            self.settings,
            self.config.checkpoints,
            self.plan,
            self.observer,
            self.learner,
            progress.step,
        )
        if progress.step == 0 and progress.validations:
            keeper.validated(progress)
        return keeper

    def _step(self, progress: Progress, batch: Batch) -> Progress:
        """One more step is done."""
        step = progress.step
        # Whatever a model draws is drawn by the number of the step: there is no state to keep.
        torch.manual_seed(_step_seed(self.config.seed, step, self.world.rank))
        factor = learning_rate_factor(step, self.plan.warmup_steps, self.plan.num_steps)
        for group in self.learner.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * factor
        temperature = progress.sharpness.student_temperature
        figures = training_step(self.learner, batch, self.world, student_temperature=temperature)
        refuse_divergence(self.folder, step, vars(figures))
        lost = self.plan.layout.groups_per_step - figures.groups
        most = self.config.data.max_skipped_fraction
        in_epoch = lost_in_epoch(self.plan.layout, step, lost, progress.skipped_in_epoch, most)
        return replace(
            progress,
            step=step + 1,
            last=figures,
            skipped=progress.skipped + lost,
            skipped_in_epoch=in_epoch,
            images=progress.images + figures.images,
        )

    def _rate(self) -> float:
        return self.learner.optimizer.param_groups[0]["lr"]

    def _after_step(
        self, progress: Progress, keeper: Keeper | None, *, is_stopping: bool
    ) -> Progress:
        """Validation and checkpoint, where it is time for them."""
        every = self.config.validation.every_steps
        if is_validation_due(progress.step, self.plan.num_steps, every):
            progress = self._validated(progress)
            if keeper is not None and progress.kl is not None:
                keeper.validated(progress)
        if keeper is not None:
            keeper.keep(progress, is_stopping=is_stopping)
        return progress

    def finish(self, progress: Progress, interview: Interview | None) -> Json:
        """Export the student, after which its checkpoints are not needed; the figures."""
        exported = progress.best_step if self.config.export == "best" else progress.step
        figures = _figures(progress, exported)
        if self.world.is_first and exported < progress.step:
            restore(self.learner, read_best(self.folder, exported), self.folder.url)
        refuse_broken_weights(self.folder, exported, self.learner.network.state_dict())
        temperature = progress.sharpness.student_temperature
        figures["student_temperature_before"] = temperature
        figures["student_temperature"] = self.learner.network.temperature(temperature)
        figures = self.world.from_first(figures)
        if interview is not None:
            write_facts(self.folder, interview.facts(temperature))
            self._export(figures, progress)
        return figures

    def _export(self, figures: Json, progress: Progress) -> None:
        head = self.learner.network.head
        if head is not None:
            write_head(self.folder, head.state_dict())
        data = describe_data(self.plan, progress.images, progress.skipped)
        export_student(self.folder, self.learner.backbone, self.settings, figures, data)
        clear_finished(self.folder, figures)


def _say_sharpness(sharpness: Sharpness, observer: Observer) -> None:
    observer.say(
        f"student temperature {sharpness.student_temperature:.4g}; mean entropy: teacher "
        f"{sharpness.teacher_entropy:.4f}, initial student {sharpness.student_entropy:.4f} nats"
    )
    warning = sharpness.warning()
    if warning:
        observer.say(f"warning: {warning}")


def _step_seed(seed: int, step: int, rank: int) -> int:
    return int(RandomStream(seed, "step", step, rank).words(1)[0] >> 1)


def _figures(progress: Progress, exported_step: int) -> Json:
    """What the student's record tells of its training."""
    assert progress.last is not None
    validations = {v["step"]: v for v in progress.validations}
    before, after = validations.get(0), validations.get(exported_step)
    return {
        "steps": progress.step,
        "exported_step": exported_step,
        "student_entropy_before": progress.sharpness.student_entropy,
        "teacher_entropy": progress.sharpness.teacher_entropy,
        "skipped_groups": progress.skipped,
        "last_step": vars(progress.last),
        "validation": {"before": before, "after": after} if before and after else None,
        "best": progress.best,
    }
