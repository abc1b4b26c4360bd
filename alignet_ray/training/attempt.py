"""One start of Ray Train with a fixed number of workers, and what its end means.

Ray Train's own restarts are off: it would also try again what can only fail again, and it tears
workers down without letting them keep their work. Whoever starts an attempt decides about another.
"""

import os
import secrets
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow.fs
import ray
import ray.exceptions
import ray.train
import ray.train.torch
import torch
import torch.distributed

from alignet_ray.config.train import TrainConfig
from alignet_ray.errors import AlignetError, InputError, ResourceError
from alignet_ray.records.digests import Json
from alignet_ray.records.lock import LOCK_NAME
from alignet_ray.records.store import Folder
from alignet_ray.stages.progress import Advance, progress
from alignet_ray.training.board import BoardObserver, News, make_board
from alignet_ray.training.loop import train_student
from alignet_ray.training.plan import TrainPlan
from alignet_ray.training.world import World

RAY_FOLDER = "logs/ray"

_POLL_SECONDS = 0.5
_SILENCE_SECONDS = 3600
"""A rank that answers none of its peers for so long is given up; a dead one is seen at once."""
_ENVIRONMENT = {
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "1",
}
_KEPT_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 34),
    "MALLOC_TOP_PAD_": str(1 << 28),
}
"""Of a worker on CPU: glibc would give the activations of every step back, page by page, and the
next step would fault them in again: up to as much time as the step itself.
"""


class WorkersLost(Exception):
    """Workers died, or their node did: to try again may help."""

    def __init__(self, reason: str, *, is_counted: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_counted = is_counted
        """Whether it may be the training's own fault; a node that was taken away is not."""


class StartTimeout(Exception):
    """The cluster did not bring the workers in time."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What one start of Ray Train needs."""

    config: TrainConfig
    plan: TrainPlan
    num_workers: int
    need: dict[str, float]
    num_threads: int
    start_seconds: float

    def run(self, watch: Callable[[News], bool]) -> Json | None:
        """The figures at the end, or None where training was asked to stop and kept its work.

        `watch` gets the news every half a second, and returns whether training should stop.
        Raises WorkersLost, StartTimeout, or what a worker raised.
        """
        board = make_board()
        fit = _Fit(self._trainer(board))
        with _environment(_ENVIRONMENT | _start_timeout(self.start_seconds)):
            fit.start()
            with ExitStack() as stack:
                display = _Display(self.plan, stack, is_shown=self.config.resources.progress)
                while fit.is_alive(_POLL_SECONDS):
                    news = _taken(board)
                    display.show(news)
                    if watch(news):
                        board.stop.remote()
                display.show(_taken(board))
        return fit.outcome()

    def _trainer(self, board: Any) -> ray.train.torch.TorchTrainer:
        job = {
            "config": self.config,
            "plan": self.plan,
            "board": board,
            "threads": self.num_threads,
        }
        scaling = ray.train.ScalingConfig(
            num_workers=self.num_workers,
            use_gpu="GPU" in self.need,
            resources_per_worker=dict(self.need),
        )
        return ray.train.torch.TorchTrainer(
            _work,
            train_loop_config=job,
            torch_config=ray.train.torch.TorchConfig(timeout_s=_SILENCE_SECONDS),
            scaling_config=scaling,
            run_config=_run_config(
                Folder(self.config.output), {} if "GPU" in self.need else _KEPT_MEMORY
            ),
        )


def _taken(board: Any) -> News:
    """The news. The board dies only with the driver's own node, and so does all else."""
    try:
        return ray.get(board.take.remote())
    except ray.exceptions.RayActorError as error:
        raise ResourceError(
            "the driver's node of Ray died", "a machine that stays",
            remedy="Run the same command again: it goes on from the last checkpoint.",
        ) from error  # fmt: skip


def _work(job: dict[str, Any]) -> Json | None:
    """What each worker of Ray Train runs."""
    context = ray.train.get_context()
    world = World(
        rank=context.get_world_rank(),
        size=context.get_world_size(),
        device=str(ray.train.torch.get_device()),
    )
    _refuse_other_disk(Folder(job["config"].output))
    torch.set_num_threads(job["threads"])
    observer = BoardObserver(job["board"], asks=world.is_first)
    return train_student(job["config"], job["plan"], world, observer, decode_threads=job["threads"])


def _refuse_other_disk(output: Folder) -> None:
    """Raise InputError where this node does not see what the driver's does: its lock."""
    if not output.exists(LOCK_NAME):
        raise InputError(
            "not on the disk of this worker's node", "a bucket, or a disk that all nodes share",
            output.url, "Give an --output that workers see too.",
        )  # fmt: skip


def _run_config(output: Folder, environment: dict[str, str]) -> ray.train.RunConfig:
    """Ray Train's own files go below the logs; workers get the environment as well."""
    file_system = None
    if not output.is_local:
        handler = pyarrow.fs.FSSpecHandler(output.file_system)
        file_system = pyarrow.fs.PyFileSystem(handler)
    return ray.train.RunConfig(
        name=secrets.token_hex(4),
        storage_path=output.path(RAY_FOLDER),
        storage_filesystem=file_system,
        worker_runtime_env={"env_vars": environment},
        failure_config=ray.train.FailureConfig(
            max_failures=0, controller_failure_limit=0, max_preemption_failures=0
        ),
    )


class _Fit:
    """`trainer.fit()` in a thread of its own, so that the driver can show progress and stop."""

    def __init__(self, trainer: ray.train.torch.TorchTrainer) -> None:
        self._trainer = trainer
        self._thread = threading.Thread(target=self._run, name="fit", daemon=True)
        self._figures: Json | None = None
        self._error: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def is_alive(self, seconds: float) -> bool:
        """Whether it still runs after so long a wait."""
        self._thread.join(seconds)
        return self._thread.is_alive()

    def outcome(self) -> Json | None:
        if self._error is not None:
            raise meaning(self._error) from self._error
        return self._figures

    def _run(self) -> None:
        try:
            self._figures = self._trainer.fit().return_value
        except BaseException as error:
            self._error = error


def meaning(error: BaseException) -> BaseException:
    """What Ray Train's error says: a worker's own AlignetError, lost workers, a start that took
    too long, or, where it is none of these, the first worker's error itself.
    """
    failures = [f for _, f in sorted(getattr(error, "worker_failures", {}).items())]
    for failure in failures:
        if isinstance(failure, AlignetError):
            return failure
        if isinstance(failure, torch.OutOfMemoryError):
            return ResourceError(
                "the GPU's memory is full", "passes that fit it", "--micro-batch-images",
                "Lower it, or give --gradient-checkpointing.",
            )  # fmt: skip
    if isinstance(error, ray.train.PreemptionError):
        return WorkersLost("a node was taken away", is_counted=False)
    cause = getattr(error, "controller_failure", None)
    if type(cause).__name__ == "WorkerGroupStartupTimeoutError":
        return StartTimeout()
    is_controller = isinstance(error, ray.exceptions.RayError)  # Ray Train's own actor died
    causes = [*failures, cause, error if is_controller else None]
    lost = [f for f in causes if f is not None and _is_loss(f)]
    # The rank that died says more than those that miss it.
    lost.sort(key=lambda failure: not _is_of_ray(failure))
    if lost:
        is_preempted = any(getattr(failure, "preempted", False) for failure in lost)
        return WorkersLost(_short(lost[0]), is_counted=not is_preempted)
    return failures[0] if failures else error


def _is_loss(failure: BaseException) -> bool:
    """Whether a worker died, or missed one that did."""
    is_comms = isinstance(failure, torch.distributed.DistError) or "gloo" in str(failure)
    return _is_of_ray(failure) or is_comms


def _is_of_ray(failure: BaseException) -> bool:
    return type(failure).__module__.split(".")[0] == "ray"


def _short(failure: BaseException) -> str:
    failure = getattr(failure, "health_check_failure", failure)
    lines = str(failure).strip().splitlines()
    return f"{type(failure).__name__}: {lines[0][:120] if lines else ''}"


class _Display:
    """Progress in images, from where training began; what rank 0 says, line by line."""

    def __init__(self, plan: TrainPlan, stack: ExitStack, *, is_shown: bool) -> None:
        self._plan = plan
        self._stack = stack
        self._is_shown = is_shown
        self._advance: Advance | None = None

    def show(self, news: News) -> None:
        sys.stderr.writelines(f"{line}\n" for line in news.lines)
        if self._advance is None and news.first_step is not None:
            self._advance = self._start(news.first_step)
        if self._advance is not None and news.steps:
            self._advance(news.steps * self._plan.images_per_step, news.text)

    def _start(self, first_step: int) -> Advance:
        per_step = self._plan.images_per_step
        display = progress(
            "training",
            self._plan.num_steps * per_step,
            "images",
            is_shown=self._is_shown,
            done=first_step * per_step,
        )
        return self._stack.enter_context(display)


def _start_timeout(seconds: float) -> dict[str, str]:
    return {"RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": str(seconds)}


@contextmanager
def _environment(variables: dict[str, str]) -> Generator[None]:
    """Ray Train reads its time-outs from the driver's environment."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
