"""When the state of training is kept, by whom, and how it is found again.

Every rank has the same weights and optimiser, so rank 0 alone decides and writes: a copy is taken
between two steps, and a background thread writes it while training goes on. Whether and when a
checkpoint is written changes nothing in what is trained.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from torch import Tensor

from alignet_ray.config.checkpoints import CheckpointConfig
from alignet_ray.errors import RecordError
from alignet_ray.records.checkpoints import (
    CHECKPOINTS_FOLDER,
    Checkpoint,
    best_of,
    newest_whole,
    read_checkpoints,
    read_tensors,
    remove_checkpoints,
    write_checkpoint,
)
from alignet_ray.records.digests import Json, refuse_other_settings
from alignet_ray.records.store import Folder
from alignet_ray.training.export import SAME_SETTINGS, exported_pins
from alignet_ray.training.learner import Learner
from alignet_ray.training.sharpness import Sharpness
from alignet_ray.training.step import StepFigures

_TRUNK = "network.backbone.trunk."


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far training is, and what it knows beside the learner's tensors.

    `validations` are the figures so far, each with the number of steps done before it; `skipped`
    counts the groups that were lost on all ranks, `skipped_in_epoch` those of the epoch of the last
    step, and `images` the images that were trained on.
    """

    step: int
    sharpness: Sharpness
    validations: tuple[Json, ...] = ()
    last: StepFigures | None = None
    skipped: int = 0
    skipped_in_epoch: int = 0
    images: int = 0

    @property
    def kl(self) -> float | None:
        """The validation KL after just these steps, if it was measured."""
        newest = self.validations[-1] if self.validations else {"step": -1}
        return newest["kl"] if newest["step"] == self.step else None

    @property
    def best_step(self) -> int:
        """After how many steps the validation KL was lowest, the earlier of two; now, where none
        was measured.
        """
        return self.best["step"] if self.best else self.step

    @property
    def best(self) -> Json | None:
        """Step and KL of the best validation after a step; None where none was made."""
        trained = [(v["kl"], v["step"]) for v in self.validations if v["step"] > 0]
        return {"kl": min(trained)[0], "step": min(trained)[1]} if trained else None

    def to_json(self) -> Json:
        """As a checkpoint holds it; the step stands beside it."""
        return {
            "sharpness": vars(self.sharpness),
            "validations": list(self.validations),
            "last_step": vars(self.last) if self.last else None,
            "skipped": self.skipped,
            "skipped_in_epoch": self.skipped_in_epoch,
            "images": self.images,
        }

    @staticmethod
    def of(checkpoint: Checkpoint) -> "Progress":
        """Back from a checkpoint."""
        state = checkpoint.state
        return Progress(
            step=checkpoint.step,
            sharpness=Sharpness(**state["sharpness"]),
            validations=tuple(state["validations"]),
            last=StepFigures(**state["last_step"]) if state["last_step"] else None,
            skipped=state["skipped"],
            skipped_in_epoch=state["skipped_in_epoch"],
            images=state["images"],
        )


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where training goes on: a checkpoint with its tensors, or none; newer ones are broken."""

    checkpoint: Checkpoint | None = None
    tensors: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    broken: tuple[Checkpoint, ...] = ()


def find_start(folder: Folder, settings: Json) -> Start:
    """The checkpoint to go on from.

    Raises MismatchError naming every setting in which the folder's checkpoints differ.
    """
    while True:
        listed = read_checkpoints(folder)
        if listed:
            refuse_other_settings(
                listed[-1].settings, settings, folder.url,
                SAME_SETTINGS,
            )  # fmt: skip
        found = newest_whole(folder, listed)
        if found is not None:
            checkpoint, tensors = found
            broken = tuple(c for c in listed if c.step > checkpoint.step)
            return Start(checkpoint=checkpoint, tensors=tensors, broken=broken)
        # A dying driver's writer may have removed what was listed, after writing a newer one.
        if read_checkpoints(folder) == listed:
            return Start(broken=tuple(listed))


class CheckpointWriter:
    """Writes copies in the background, one at a time, and keeps the last and the best."""

    def __init__(
        self,
        folder: Folder,
        settings: Json,
        pins: Json,
        config: CheckpointConfig,
        first_step: int = 0,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._pins = pins
        self._config = config
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._writing: Future[None] | None = None
        self._written_at = time.monotonic()
        self._saved_step = first_step

    def is_due(self, step: int) -> bool:
        """Whether a checkpoint after so many steps is wanted and none is under way.

        Raises what the last writing raised.
        """
        if self._writing is not None and self._writing.done():
            self.wait()
        if self._config.every_steps is not None:
            return step % self._config.every_steps == 0
        is_time = time.monotonic() - self._written_at >= self._config.every_seconds
        return is_time and self._writing is None

    def save(self, progress: Progress, copied: Callable[[], Mapping[str, Tensor]]) -> None:
        """Write the tensors that `copied` gives, once the last writing is done; it is asked for
        them only then, so that there is never more than one copy.
        """
        if progress.step == self._saved_step:
            return
        self.wait()
        checkpoint = Checkpoint(
            step=progress.step,
            settings=self._settings,
            state={**progress.to_json(), "pins": self._pins},
            kl=progress.kl,
        )
        self._saved_step, self._written_at = progress.step, time.monotonic()
        self._writing = self._pool.submit(_write, self._folder, checkpoint, copied())

    def wait(self) -> None:
        """Until nothing is under way. Raises what the writing raised."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def close(self) -> None:
        """Let what is under way end. Raises what the writing raised."""
        self._pool.shutdown(wait=True)
        self.wait()


def _write(folder: Folder, checkpoint: Checkpoint, tensors: Mapping[str, Tensor]) -> None:
    write_checkpoint(folder, checkpoint, tensors)
    best = best_of([c for c in read_checkpoints(folder) if c.step <= checkpoint.step])
    keep = {checkpoint.step, *([best.step] if best else [])}
    remove_checkpoints(folder, keep, before=checkpoint.step)


def clear_finished(folder: Folder, figures: Json) -> None:
    """Once a student is exported: keep only a checkpoint that validated better than it did."""
    validation = figures["validation"]
    best = best_of(read_checkpoints(folder))
    is_better = (
        best is not None
        and best.kl is not None
        and validation is not None
        and best.kl < validation["after"]["kl"]
    )
    remove_checkpoints(folder, {best.step} if best is not None and is_better else set())


def kept_pins(folder: Folder) -> tuple[Json | None, int]:
    """What a started or finished run of this folder has pinned, and after how many steps; None
    and 0 where none was started.
    """
    exported = exported_pins(folder)
    if exported[0] is not None:
        return exported
    checkpoints = read_checkpoints(folder)
    return (checkpoints[-1].state["pins"], checkpoints[-1].step) if checkpoints else (None, 0)


def read_best(folder: Folder, step: int) -> dict[str, Tensor]:
    """The tensors of the checkpoint after so many steps. Raises RecordError where it is gone."""
    for checkpoint in read_checkpoints(folder):
        if checkpoint.step == step:
            return read_tensors(folder, checkpoint)
    raise RecordError(
        "missing", f"the checkpoint of step {step:,}, the best", folder.place(CHECKPOINTS_FOLDER),
        "Start again in another --output.",
    )  # fmt: skip


def snapshot(learner: Learner) -> dict[str, Tensor]:
    """A copy of all that training changes; the trunk's weights get timm's names."""
    return {_renamed(name, _TRUNK, "trunk."): t for name, t in learner.state().items()}


def restore(learner: Learner, tensors: Mapping[str, Tensor], place: str) -> None:
    """Put a snapshot back. Raises RecordError, naming the place, for that of another student."""
    learner.load_state({_renamed(n, "trunk.", _TRUNK): t for n, t in tensors.items()}, place)


def _renamed(name: str, old: str, new: str) -> str:
    return new + name.removeprefix(old) if name.startswith(old) else name
