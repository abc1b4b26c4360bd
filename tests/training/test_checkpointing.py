"""When checkpoints are written, what is kept of them, and what a crash leaves."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from alignet_ray.config.checkpoints import CheckpointConfig
from alignet_ray.errors import MismatchError, RecordError
from alignet_ray.records.checkpoints import Checkpoint, read_checkpoints, write_checkpoint
from alignet_ray.records.store import Folder
from alignet_ray.training import checkpointing
from alignet_ray.training.checkpointing import (
    CheckpointWriter,
    Progress,
    clear_finished,
    find_start,
    read_best,
    restore,
    snapshot,
)
from alignet_ray.training.learner import make_learner
from alignet_ray.training.sharpness import Sharpness
from alignet_ray.training.step import StepFigures
from alignet_ray.training.world import World

SHARPNESS = Sharpness(student_temperature=2.0, student_entropy=0.5, teacher_entropy=0.5)
TENSORS = {"trunk.w": torch.zeros(3)}


def progress(step: int, **kls: float) -> Progress:
    """After so many steps; `s4=0.5` is a validation KL after four."""
    figures = StepFigures(
        loss=0.1, accuracy=0.9, gradient_norm=1.0, squared_distance=0.0, triplets=12, groups=3,
        images=9,
    )  # fmt: skip
    validations = tuple({"step": int(name[1:]), "kl": kl} for name, kl in kls.items())
    return Progress(
        step=step, sharpness=SHARPNESS, validations=validations, last=figures, skipped=3,
        skipped_in_epoch=2, images=77,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.at(str(tmp_path))


def _steps(folder: Folder) -> list[int]:
    return [c.step for c in read_checkpoints(folder)]


def test_progress_comes_back_from_a_checkpoint() -> None:
    before = progress(4, s0=0.9, s4=0.5)
    checkpoint = Checkpoint(step=4, settings={}, state=before.to_json(), kl=before.kl)
    assert Progress.of(checkpoint) == before


def test_the_best_step_is_the_earliest_of_the_lowest_and_never_the_untrained() -> None:
    assert progress(9, s0=0.0, s3=0.4, s6=0.2, s9=0.2).best_step == 6
    assert progress(9, s0=0.0).best_step == 9
    assert progress(9, s6=0.2).kl is None
    assert progress(6, s6=0.2).kl == 0.2


def test_the_last_and_the_best_stay(folder: Folder) -> None:
    writer = CheckpointWriter(folder, {}, {}, CheckpointConfig(every_steps=1))
    for now in (progress(1), progress(2, s2=0.3), progress(3), progress(4, s4=0.5), progress(5)):
        assert writer.is_due(now.step)
        writer.save(now, lambda: TENSORS)
    writer.close()
    assert _steps(folder) == [2, 5]
    better = {"validation": {"before": {"kl": 1.0}, "after": {"kl": 0.4}}}
    clear_finished(folder, better)
    assert _steps(folder) == [2]
    assert set(read_best(folder, 2)) == set(TENSORS)
    clear_finished(folder, {"validation": None})
    assert _steps(folder) == []
    with pytest.raises(RecordError, match=r"checkpoints: missing; expected the checkpoint of"):
        read_best(folder, 2)


def test_by_time_nothing_is_due_while_the_last_is_under_way(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    monkeypatch.setattr(checkpointing, "_write", lambda *_: gate.wait(5))
    writer = CheckpointWriter(folder, {}, {}, CheckpointConfig(every_seconds=0.05))
    assert not writer.is_due(1)
    time.sleep(0.06)
    assert writer.is_due(2)
    writer.save(progress(2), lambda: TENSORS)
    time.sleep(0.06)
    assert not writer.is_due(3)
    gate.set()
    writer.close()
    assert writer.is_due(4)


def test_what_the_writing_raised_comes_out_at_the_next_step(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RecordError("no space")

    monkeypatch.setattr(checkpointing, "_write", fail)
    writer = CheckpointWriter(folder, {}, {}, CheckpointConfig())
    writer.save(progress(1), lambda: TENSORS)
    time.sleep(0.05)
    with pytest.raises(RecordError, match="no space"):
        writer.is_due(2)
    writer.close()


def test_a_folder_without_checkpoints_starts_at_the_beginning(folder: Folder) -> None:
    assert find_start(folder, {}).checkpoint is None


def test_other_settings_and_broken_checkpoints_are_told(folder: Folder) -> None:
    for step in (3, 6):
        checkpoint = Checkpoint(step=step, settings={"seed": 0}, state=progress(step).to_json())
        write_checkpoint(folder, checkpoint, TENSORS)
    with pytest.raises(MismatchError, match=r"seed 1 \(made with 0\)"):
        find_start(folder, {"seed": 1})
    Path(folder.url, "checkpoints/00000006/trunk.safetensors").write_bytes(b"torn")
    start = find_start(folder, {"seed": 0})
    assert start.checkpoint is not None
    assert start.checkpoint.step == 3
    assert [c.step for c in start.broken] == [6]
    Path(folder.url, "checkpoints/00000003/trunk.safetensors").unlink()
    start = find_start(folder, {"seed": 0})
    assert start.checkpoint is None
    assert [c.step for c in start.broken] == [3, 6]


def test_a_learner_is_what_its_snapshot_was(make_config: Any) -> None:
    def step(learner: Any) -> None:
        pixels = torch.arange(2 * 32 * 32 * 3).reshape(2, 32, 32, 3).remainder(256)
        learner.optimizer.zero_grad()
        learner.model(pixels.to(torch.uint8)).square().sum().backward()
        learner.optimizer.step()

    one, other = (make_learner(make_config(), World()) for _ in range(2))
    step(one)
    kept = snapshot(one)
    step(one)
    restore(other, kept, "place")
    assert all(torch.equal(t, kept[name]) for name, t in snapshot(other).items())
    step(other)
    for name, tensor in snapshot(one).items():
        assert torch.equal(snapshot(other)[name], tensor), name
