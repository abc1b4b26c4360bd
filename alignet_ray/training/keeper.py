"""What rank 0 keeps while it trains: lines of the log, checkpoints, and words for who watches."""

from contextlib import ExitStack
from typing import Protocol, runtime_checkable

from alignet_ray.config.checkpoints import CheckpointConfig
from alignet_ray.records.digests import Json
from alignet_ray.records.store import Folder
from alignet_ray.training.checkpointing import CheckpointWriter, Progress, snapshot
from alignet_ray.training.learner import Learner
from alignet_ray.training.metrics import MetricsLog
from alignet_ray.training.plan import TrainPlan


@runtime_checkable
class Observer(Protocol):
    """Who watches: told of finished steps and of lines worth reading, asked whether to stop."""

    def begin(self, step: int) -> None:
        """Training begins, or goes on, after so many steps."""
        ...

    def advance(self, steps: int, text: str = "") -> None:
        """So many more steps are done; the last one's figures as words."""
        ...

    def say(self, line: str) -> None:
        """A line for the user."""
        ...

    def is_stopping(self) -> bool:
        """Whether training should keep what it has and stop after this step."""
        ...


class Keeper:
    """Keeps the work of a training that goes on after `first_step` steps."""

    def __init__(
        self,
        folder: Folder,
        settings: Json,
        config: CheckpointConfig,
        plan: TrainPlan,
        observer: Observer,
        learner: Learner,
        first_step: int,
    ) -> None:
        self._plan = plan
        self._observer = observer
        self._learner = learner
        self._log = MetricsLog(folder, first_step)
        self._writer = CheckpointWriter(folder, settings, plan.pins, config, first_step)

    def step_done(self, progress: Progress, learning_rate: float, seconds: float) -> None:
        """The figures of the last step, which took so long."""
        assert progress.last is not None
        record = {
            "step": progress.step - 1,
            **vars(progress.last),
            "learning_rate": learning_rate,
            "images_per_second": round(progress.last.images / seconds, 2),
        }
        self._log.add(record)
        self._observer.advance(
            1,
            f"step {progress.step:,} of {self._plan.num_steps:,}, "
            f"loss {progress.last.loss:.4f}, agrees {progress.last.accuracy:.1%}",
        )

    def validated(self, progress: Progress) -> None:
        """The figures of the last validation."""
        newest = dict(progress.validations[-1])
        self._log.add_validation(newest.pop("step"), newest)

    def keep(self, progress: Progress, *, is_stopping: bool) -> None:
        """Write a checkpoint if it is time for one, if none validated better, or at a stop.

        The log comes first, so that it never lacks a step that the checkpoint has.
        """
        is_best = progress.kl is not None and progress.best_step == progress.step
        is_last = progress.step == self._plan.num_steps  # the export follows at once
        if not is_last and (self._writer.is_due(progress.step) or is_best or is_stopping):
            self._log.write()
            self._writer.save(progress, lambda: snapshot(self._learner))
            if is_stopping:
                self._writer.wait()

    def close(self) -> None:
        """Let everything end that is under way, and raise what the writing raised."""
        with ExitStack() as stack:
            stack.callback(self._writer.close)
            self._log.close()
