"""Training on Ray: joins Ray, starts workers as often as it takes, and brings their result home."""

import math
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace

import ray.exceptions

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.config.train import TrainConfig
from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import ConfigError, InputError, Interrupted, ResourceError
from alignet_ray.plurals import counted
from alignet_ray.records.checkpoints import read_checkpoints
from alignet_ray.records.digests import Json
from alignet_ray.records.given_files import refuse_missing_files, refuse_missing_folder
from alignet_ray.records.lock import Lock, locked
from alignet_ray.records.occupied import refuse_no_folder, refuse_occupied
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed import describe_backbone
from alignet_ray.stages.progress import note
from alignet_ray.stages.session import choose_device, ray_session, unwrapped_errors
from alignet_ray.training.attempt import RAY_FOLDER, Attempt, StartTimeout, WorkersLost
from alignet_ray.training.board import News
from alignet_ray.training.checkpointing import clear_finished, kept_pins
from alignet_ray.training.crew import Crew, Growth, draining_nodes, make_crew
from alignet_ray.training.export import exported_figures
from alignet_ray.training.plan import TrainPlan, make_plan
from alignet_ray.training.precision import with_precision
from alignet_ray.training.report.job import write_report
from alignet_ray.training.reservations import release_reservations
from alignet_ray.training.signals import StopWish, stop_wish

_ELASTIC_START_SECONDS = 60.0
_DRAIN_POLL_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class TrainSummary:
    """What a training run did; `is_new` is false where the same student was there already."""

    output: str
    is_new: bool
    plan: TrainPlan
    figures: Json
    plugins: tuple[str, ...] = ()
    seconds: float = 0.0


def train(config: TrainConfig) -> TrainSummary:
    """Train the student that the settings name, and export it to `config.output`.

    Goes on from the last checkpoint there. Where the output holds the student already, nothing is
    done; another student there is a MismatchError. SIGTERM and Ctrl-C are an Interrupted, once
    the work is kept.
    """
    config = with_absolute_urls(config)
    _refuse_missing_inputs(config)
    refuse_no_folder(config.output)
    refuse_occupied(config.output, "student", config.runs)
    output = Folder(config.output)
    plan = make_plan(config, *kept_pins(output))
    started = time.monotonic()
    with (
        locked(output) as lock,
        _stops_are_interruptions(output, plan),
        ray_session(config.resources, outlives_sigterm=True),
    ):
        summary = _train(config, plan, lock)
    return replace(summary, seconds=time.monotonic() - started)


def _train(config: TrainConfig, plan: TrainPlan, lock: Lock) -> TrainSummary:
    """What train does once it has the folder and Ray."""
    output = Folder(config.output)
    output.remove_temporaries()
    device = choose_device(config.resources)
    config = with_precision(config, device)
    _refuse_other_statistics(config, device)
    student = _describe_student(config)
    figures = exported_figures(output, plan.settings(config, student))
    is_new = figures is None
    if figures is None:
        if plan.remark:
            sys.stderr.write(f"{plan.remark}\n")
        crew = make_crew(config, plan.layout.num_streams, device)
        with stop_wish() as wish:
            figures = _Driver(config=config, plan=plan, crew=crew, wish=wish, lock=lock).figures()
        output.folder(RAY_FOLDER).remove()  # Ray Train's own files of this training, done now
    else:
        clear_finished(output, figures)
    write_report(output)
    return TrainSummary(
        output=output.url, is_new=is_new, plan=plan, figures=figures, plugins=config.plugins
    )


def _describe_student(config: TrainConfig) -> ResolvedBackbone:
    """The student before training; errors name the flags of this job."""
    try:
        with unwrapped_errors():
            return describe_backbone(config.student, config.plugins)
    except InputError as error:
        raise error.reworded("--backbone.", "--student.") from error


@contextmanager
def _stops_are_interruptions(output: Folder, plan: TrainPlan) -> Generator[None]:
    """A signal that ends at once, while Ray starts or after a first one, ends in the same words."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise _interrupted(output, plan) from stop


def _interrupted(output: Folder, plan: TrainPlan) -> Interrupted:
    """What an interrupted training says: how far its last checkpoint is."""
    return Interrupted(
        f"interrupted at step {_last_step(output):,} of {plan.num_steps:,}",
        remedy="Run the same command to go on.",
    )


def _last_step(output: Folder) -> int:
    """How many steps the last checkpoint has; 0 without one."""
    checkpoints = read_checkpoints(output)
    return checkpoints[-1].step if checkpoints else 0


def _refuse_missing_inputs(config: TrainConfig) -> None:
    """Raise InputError for the first thing that is named and not there, before Ray starts."""
    for run in config.runs:
        refuse_missing_folder(run, "a root written by generate", "Check --runs.")
    weights = ("--student.checkpoint", config.student.checkpoint, "a file of weights")
    refuse_missing_files([weights])


def _refuse_other_statistics(config: TrainConfig, device: str) -> None:
    """Raise ConfigError where BatchNorm that trains would differ from worker to worker."""
    if config.batch_norm == "frozen" or (config.max_workers or config.num_workers) == 1:
        return
    if device == "cpu":
        raise ConfigError(
            "train on several CPU workers", "one worker, or GPUs", "--batch-norm",
            "Statistics of all workers are made on GPUs alone.",
        )  # fmt: skip
    if config.data.tolerate_bad_shards:
        raise ConfigError(
            "train beside --data.tolerate-bad-shards", "one of the two", "--batch-norm",
            "A worker whose groups are lost would add pictures of nothing to the statistics.",
        )  # fmt: skip


def with_absolute_urls(config: TrainConfig) -> TrainConfig:
    """The settings with every local path made absolute: workers change directory."""
    return replace(
        config, runs=tuple(map(absolute_url, config.runs)), output=absolute_url(config.output)
    )


@dataclass(kw_only=True)
class _Driver:
    """Starts attempts until one ends with figures, or until nothing more can be hoped for."""

    config: TrainConfig
    plan: TrainPlan
    crew: Crew
    wish: StopWish
    lock: Lock
    restarts: "_Restarts" = field(init=False)

    def __post_init__(self) -> None:
        self.restarts = _Restarts(
            lambda: _last_step(Folder(self.config.output)), self.config.checkpoints.max_restarts
        )

    def figures(self) -> Json:
        """Of the student, once it is exported."""
        try:
            return self._figures()
        except (ResourceError, ray.exceptions.RayError) as error:
            # Whoever stops a job may stop the Ray below it in the same moment.
            if self.wish.is_there:
                raise self._interrupted() from error
            raise

    def _figures(self) -> Json:
        figures, below = None, math.inf
        while figures is None:
            size, below = self.crew.size_now(below), math.inf
            try:
                figures = self._attempt(size)
            except WorkersLost as lost:
                self.restarts.count(lost)
                release_reservations()
            except StartTimeout:
                self._refuse_fewer_than(size)
                release_reservations()
                below = size
            if figures is None and self.wish.is_there:
                raise self._interrupted()
        return figures

    def _attempt(self, size: int) -> Json | None:
        patience = self.config.resources.timeout_seconds
        if size > self.crew.sizes[0]:
            patience = min(patience, _ELASTIC_START_SECONDS)
        attempt = Attempt(
            config=self.config,
            plan=self.plan,
            num_workers=size,
            need=dict(self.crew.need),
            num_threads=self.crew.num_threads,
            start_seconds=patience,
        )
        note(f"starting {counted(size, 'worker')}", is_shown=self.config.resources.progress)
        with closing(self.crew.growth(size)) as growth:
            watch = _Watch(
                wish=self.wish, lock=self.lock, growth=growth, interrupted=self._interrupted
            )
            return attempt.run(watch)

    def _refuse_fewer_than(self, size: int) -> None:
        if size == self.crew.sizes[0]:
            raise ResourceError(
                f"{size} workers did not start in {self.config.resources.timeout_seconds:g} s",
                f"nodes that have or bring {_words(self.crew.need)} for each", "--num-workers",
                "Ask for fewer, lower --cpus-per-worker, or raise --resources.timeout-seconds.",
            )  # fmt: skip

    def _interrupted(self) -> Interrupted:
        return _interrupted(Folder(self.config.output), self.plan)


def _words(need: Mapping[str, float]) -> str:
    return " and ".join(f"{amount:g} {name}" for name, amount in need.items())


class _Restarts:
    """How often training started again without a newer checkpoint in between."""

    def __init__(self, last_step: Callable[[], int], most: int) -> None:
        self._last_step = last_step
        self._most = most
        self._step = last_step()
        self._in_a_row = 0

    def count(self, lost: WorkersLost) -> None:
        """One more, and a line about it. Raises ResourceError where it is one too many."""
        step = self._last_step()
        if step > self._step:
            self._step, self._in_a_row = step, 0
        self._in_a_row += lost.is_counted
        if self._in_a_row > self._most:
            raise ResourceError(
                f"workers were lost {self._in_a_row} times after step {step:,} ({lost.reason})",
                "workers that stay", "--checkpoints.max-restarts",
                "Give more memory or fewer images a step, or raise it; "
                "the same command goes on from there.",
            )  # fmt: skip
        sys.stderr.write(f"a worker was lost ({lost.reason}); starting again\n")


class _Watch:
    """Whether an attempt should stop: the user asks, a node is taken away, or there is room for
    more workers.
    """

    def __init__(
        self,
        *,
        wish: StopWish,
        lock: Lock,
        growth: Growth,
        interrupted: Callable[[], Interrupted],
    ) -> None:
        self._wish = wish
        self._lock = lock
        self._growth = growth
        self._interrupted = interrupted
        self._looked_at = time.monotonic()
        self._is_draining = False

    def __call__(self, news: News) -> bool:
        """Raises Interrupted where the user asks before training begins: there is nothing to keep
        that is not kept. Where another driver has taken the folder nothing may be kept: an end at
        once, which the lock explains.
        """
        if self._lock.is_lost:
            raise KeyboardInterrupt
        if news.first_step is None:
            if self._wish.is_there:
                raise self._interrupted()
            return False
        return self._wish.is_there or self._is_leaving(news.nodes) or self._growth.is_possible()

    def _is_leaving(self, nodes: list[str]) -> bool:
        if time.monotonic() - self._looked_at >= _DRAIN_POLL_SECONDS:
            self._looked_at = time.monotonic()
            self._is_draining = bool(draining_nodes().intersection(nodes))
        return self._is_draining
