"""Training on Ray: one call that joins Ray, starts the workers, and brings their result home.

The only place outside `stages` that starts Ray work, because Ray Train is its own way to do so.
"""

import os
import secrets
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow.fs
import ray
import ray.train
import ray.train.torch
import torch

from alignet_ray.config.train import TrainConfig
from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import AlignetError, ResourceError
from alignet_ray.records.digests import Json
from alignet_ray.records.lock import locked
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed import describe_backbone
from alignet_ray.stages.progress import progress
from alignet_ray.stages.session import (
    choose_device,
    joins_cluster,
    num_cluster_cpus,
    ray_session,
)
from alignet_ray.training.export import exported_figures, exported_pins
from alignet_ray.training.loop import train_student
from alignet_ray.training.plan import TrainPlan, make_plan
from alignet_ray.training.world import World

RAY_FOLDER = "logs/ray"

_MAX_DEFAULT_CPUS = 8
_POLL_SECONDS = 0.5
_START_TIMEOUT_VARIABLE = "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S"


@dataclass(frozen=True, kw_only=True)
class TrainSummary:
    """What a training run did; `is_new` is false where the same student was there already."""

    output: str
    is_new: bool
    plan: TrainPlan
    figures: Json
    seconds: float = 0.0


def train(config: TrainConfig) -> TrainSummary:
    """Train the student that the settings name, and export it to `config.output`.

    Where the output holds it already, nothing is done; another student there is a MismatchError.
    """
    config = with_absolute_urls(config)
    output = Folder(config.output)
    plan = make_plan(config, exported_pins(output))
    if plan.remark is not None:
        sys.stderr.write(f"{plan.remark}\n")
    started = time.monotonic()
    with locked(output), ray_session(config.resources):
        student = describe_backbone(config.student, config.plugins)
        figures = exported_figures(output, plan.settings(config, student))
        if figures is not None:
            return TrainSummary(output=output.url, is_new=False, plan=plan, figures=figures)
        figures = _fit(config, plan, output)
    seconds = time.monotonic() - started
    return TrainSummary(output=output.url, is_new=True, plan=plan, figures=figures, seconds=seconds)


def with_absolute_urls(config: TrainConfig) -> TrainConfig:
    """The settings with every local path made absolute: workers change directory."""
    return replace(
        config, runs=tuple(map(absolute_url, config.runs)), output=absolute_url(config.output)
    )


class Board:
    """Where rank 0 leaves what the driver shows: an observer across processes."""

    def __init__(self) -> None:
        self._steps = 0
        self._lines: list[str] = []

    def advance(self, steps: int) -> None:
        """So many more steps are done."""
        self._steps += steps

    def say(self, line: str) -> None:
        """A line for the user."""
        self._lines.append(line)

    def take(self) -> tuple[int, list[str]]:
        """What has come since the last call."""
        taken = self._steps, self._lines
        self._steps, self._lines = 0, []
        return taken


@dataclass(frozen=True)
class _RemoteObserver:
    board: Any

    def advance(self, steps: int) -> None:
        self.board.advance.remote(steps)

    def say(self, line: str) -> None:
        self.board.say.remote(line)


def _work(job: dict[str, Any]) -> Json:
    """What each worker of Ray Train runs."""
    context = ray.train.get_context()
    world = World(
        rank=context.get_world_rank(),
        size=context.get_world_size(),
        device=str(ray.train.torch.get_device()),
    )
    torch.set_num_threads(job["threads"])
    observer = _RemoteObserver(job["board"])
    return train_student(job["config"], job["plan"], world, observer, decode_threads=job["threads"])


def _fit(config: TrainConfig, plan: TrainPlan, output: Folder) -> Json:
    device = choose_device(config.resources)
    cpus = _cpus_per_worker(config)
    _refuse_what_is_not_there(config, cpus, device)
    board = ray.remote(num_cpus=0)(Board).remote()
    job = {"config": config, "plan": plan, "board": board, "threads": max(1, int(cpus))}
    scaling = ray.train.ScalingConfig(
        num_workers=config.num_workers,
        use_gpu=device == "cuda",
        resources_per_worker={"CPU": cpus, **({"GPU": 1} if device == "cuda" else {})},
    )
    trainer = ray.train.torch.TorchTrainer(
        _work, train_loop_config=job, scaling_config=scaling, run_config=_run_config(output)
    )
    with _start_timeout(config.resources.timeout_seconds):
        return _Fit(trainer, config).watch(board, plan)


def _run_config(output: Folder) -> ray.train.RunConfig:
    """Ray Train's own files go below the logs; a failed run is not tried again from its start."""
    file_system = None
    if not output.is_local:
        handler = pyarrow.fs.FSSpecHandler(output.file_system)
        file_system = pyarrow.fs.PyFileSystem(handler)
    return ray.train.RunConfig(
        name=secrets.token_hex(4),
        storage_path=output.path(RAY_FOLDER),
        storage_filesystem=file_system,
        failure_config=ray.train.FailureConfig(max_failures=0, controller_failure_limit=0),
    )


class _Fit:
    """`trainer.fit()` in a thread of its own, so that the driver can show progress and stop."""

    def __init__(self, trainer: ray.train.torch.TorchTrainer, config: TrainConfig) -> None:
        self._trainer = trainer
        self._config = config
        self._figures: Json | None = None
        self._error: BaseException | None = None

    def watch(self, board: Any, plan: TrainPlan) -> Json:
        """Show what the board tells until training ends; its figures, or its error as ours."""
        thread = threading.Thread(target=self._run, name="fit", daemon=True)
        thread.start()
        is_shown = self._config.resources.progress
        with progress("training", plan.num_steps, "steps", is_shown=is_shown) as advance:
            while thread.is_alive():
                thread.join(_POLL_SECONDS)
                steps, lines = ray.get(board.take.remote())
                sys.stderr.writelines(f"{line}\n" for line in lines)
                if steps:
                    advance(steps)
        if self._error is not None:
            raise _as_own_error(self._error, self._config) or self._error
        assert self._figures is not None
        return self._figures

    def _run(self) -> None:
        try:
            self._figures = self._trainer.fit().return_value
        except BaseException as error:
            self._error = error


def _as_own_error(error: BaseException, config: TrainConfig) -> AlignetError | None:
    """The AlignetError that a worker raised, or what a start that timed out means."""
    failures = getattr(error, "worker_failures", {})
    for failure in (failures[rank] for rank in sorted(failures)):
        if isinstance(failure, AlignetError):
            return failure
    cause = getattr(error, "controller_failure", None)
    if type(cause).__name__ == "WorkerGroupStartupTimeoutError":
        return ResourceError(
            f"{config.num_workers} workers did not start in "
            f"{config.resources.timeout_seconds:g} s",
            "a cluster that has or brings their CPUs and GPUs", "--num-workers",
            "Ask for fewer, or raise --resources.timeout-seconds.",
        )  # fmt: skip
    return None


def _cpus_per_worker(config: TrainConfig) -> float:
    """The cores that are asked for, or an equal share of the live ones, at most 8."""
    if config.cpus_per_worker is not None:
        return config.cpus_per_worker
    share = min(_MAX_DEFAULT_CPUS, num_cluster_cpus() / config.num_workers)
    return float(int(share)) if share >= 1 else share


def _refuse_what_is_not_there(config: TrainConfig, cpus: float, device: str) -> None:
    """A Ray of this machine's own never grows: say at once what it cannot give."""
    if joins_cluster(config.resources):
        return
    has = ray.cluster_resources()
    wanted = {"CPU": cpus * config.num_workers}
    if device == "cuda":
        wanted["GPU"] = float(config.num_workers)
    for name, amount in wanted.items():
        if amount > has.get(name, 0.0):
            raise ResourceError(
                f"{amount:g} {name} for {config.num_workers} workers",
                f"at most the {has.get(name, 0.0):g} of this machine", "--num-workers",
                "Ask for fewer, lower --cpus-per-worker, or join a cluster.",
            )  # fmt: skip


@contextmanager
def _start_timeout(seconds: float) -> Generator[None]:
    """Ray Train reads its start time-out from the driver's environment."""
    before = os.environ.get(_START_TIMEOUT_VARIABLE)
    os.environ[_START_TIMEOUT_VARIABLE] = str(seconds)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_START_TIMEOUT_VARIABLE]
        else:
            os.environ[_START_TIMEOUT_VARIABLE] = before
