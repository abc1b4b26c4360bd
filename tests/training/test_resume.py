"""Training that is disturbed ends in the bits of training that is not."""

import json
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed
from safetensors.torch import load_file

from alignet_ray.config.checkpoints import CheckpointConfig
from alignet_ray.config.train import TrainConfig
from alignet_ray.config.validation import ValidationConfig
from alignet_ray.errors import MismatchError, StorageError
from alignet_ray.records.checkpoints import read_checkpoints
from alignet_ray.records.store import Folder
from alignet_ray.records.student import WEIGHTS_NAME, read_student
from alignet_ray.training.loop import train_student
from alignet_ray.training.plan import make_plan
from alignet_ray.training.world import World

RANK_SCRIPT = Path(__file__).with_name("rank.py")
EVERY_STEP = CheckpointConfig(every_steps=1)
QUIET = ValidationConfig(images=0)


class Crash(Exception):
    """What ends a training that nobody asked to stop."""


class Disturber:
    """An observer that crashes training after so many of its steps, or asks it to stop."""

    def __init__(self, crash_after: int = 1000, stop_after: int = 1000) -> None:
        self._crash_after, self._stop_after = crash_after, stop_after
        self.steps = 0
        self.first_step = 0
        self.lines: list[str] = []

    def begin(self, step: int) -> None:
        self.first_step = step

    def advance(self, steps: int, text: str = "") -> None:
        self.steps += steps
        if self.steps > self._crash_after:
            raise Crash

    def say(self, line: str) -> None:
        self.lines.append(line)

    def is_stopping(self) -> bool:
        return self.steps >= self._stop_after


def _train(config: TrainConfig, observer: Any, **options: Any) -> Any:
    return train_student(config, make_plan(config), World(), observer, **options)


def _weights(config: TrainConfig) -> dict[str, torch.Tensor]:
    return load_file(Path(config.output, WEIGHTS_NAME))


def _log(config: TrainConfig) -> list[dict[str, Any]]:
    lines = Path(config.output, "logs/train.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    for record in records:
        del record["images_per_second"]
    return records


def _assert_same(config: TrainConfig, undisturbed: TrainConfig) -> None:
    ours, theirs = _weights(config), _weights(undisturbed)
    assert all(torch.equal(ours[name], tensor) for name, tensor in theirs.items())
    assert _log(config) == _log(undisturbed)
    records = [read_student(Folder.at(c.output)).training for c in (config, undisturbed)]
    assert records[0] == records[1]


def _steps(config: TrainConfig) -> list[int]:
    return [c.step for c in read_checkpoints(Folder.at(config.output))]


def test_a_crash_after_every_step_changes_no_bit(make_config: Any) -> None:
    quiet = make_config("quiet", steps=5)
    config = make_config("crashed", steps=5, checkpoints=EVERY_STEP)
    _train(quiet, Disturber())
    begun = []
    for _ in range(4):
        observer = Disturber(crash_after=1)
        with pytest.raises(Crash):
            _train(config, observer)
        begun.append(observer.first_step)
    last = Disturber()
    _train(config, last)
    assert [*begun, last.first_step] == [0, 1, 2, 3, 4]
    assert last.lines == ["going on after step 4 of 5"]
    _assert_same(config, quiet)


def test_asked_to_stop_it_keeps_what_is_done_and_the_same_command_goes_on(
    make_config: Any,
) -> None:
    quiet, config = make_config("quiet", validation=QUIET), make_config("s", validation=QUIET)
    _train(quiet, Disturber())
    assert _train(config, Disturber(stop_after=2)) is None
    assert _steps(config) == [2]
    assert not Path(config.output, "student.json").exists()
    _train(config, Disturber())
    _assert_same(config, quiet)
    assert not Path(config.output, "checkpoints").exists()


def test_a_torn_checkpoint_is_left_out(make_config: Any) -> None:
    options: dict[str, Any] = {"steps": 6, "validation": ValidationConfig(every_steps=2)}
    quiet = make_config("quiet", **options)
    config = make_config("torn", **options, checkpoints=EVERY_STEP)
    _train(quiet, Disturber())
    with pytest.raises(Crash):
        _train(config, Disturber(crash_after=3))
    assert _steps(config) == [2, 3]
    weights = Path(config.output, "checkpoints/00000003/adam.safetensors")
    weights.write_bytes(weights.read_bytes()[:-9])
    observer = Disturber()
    _train(config, observer)
    assert observer.first_step == 2
    assert "00000003 is broken and is left out" in observer.lines[0]
    _assert_same(config, quiet)


def test_other_settings_are_refused_by_name(make_config: Any) -> None:
    config = make_config()
    _train(config, Disturber(stop_after=1))
    with pytest.raises(MismatchError, match=r"learning_rate 0\.5 .*give another --output"):
        _train(replace(config, learning_rate=0.5), Disturber())
    _train(replace(config, num_workers=2, checkpoints=EVERY_STEP), Disturber())


def test_at_most_the_last_and_the_best_are_kept(make_config: Any) -> None:
    config = make_config(
        steps=8, checkpoints=EVERY_STEP, validation=ValidationConfig(every_steps=2)
    )
    with pytest.raises(Crash):
        _train(config, Disturber(crash_after=7))
    checkpoints = read_checkpoints(Folder.at(config.output))
    validations = checkpoints[-1].state["validations"]
    best = min((v["kl"], v["step"]) for v in validations if v["step"])[1]
    assert [v["step"] for v in validations] == [0, 2, 4, 6]
    assert [c.step for c in checkpoints] == sorted({best, 7})


def test_the_best_can_be_exported(make_config: Any) -> None:
    """A learning rate that harms after its warm-up: the best is not the last."""
    options: dict[str, Any] = {
        "steps": 8,
        "warmup_steps": 7,
        "learning_rate": 0.05,
        "validation": ValidationConfig(every_steps=1),
    }
    last, best = make_config("last", **options), make_config("best", **options, export="best")
    figures, chosen = _train(last, Disturber()), _train(best, Disturber())
    assert figures["exported_step"] == 8 > chosen["exported_step"]
    assert chosen["validation"]["after"]["kl"] < figures["validation"]["after"]["kl"]
    (kept,) = read_checkpoints(Folder.at(last.output))
    assert kept.step == chosen["exported_step"]
    assert kept.kl == chosen["validation"]["after"]["kl"]
    trunk = load_file(Path(last.output, f"checkpoints/{kept.name}/trunk.safetensors"))
    assert all(torch.equal(trunk[name], tensor) for name, tensor in _weights(best).items())
    assert _steps(best) == []


def test_a_checkpoint_that_cannot_be_written_ends_the_run_in_one_line(make_config: Any) -> None:
    config = make_config(checkpoints=EVERY_STEP)
    Path(config.output).mkdir()
    Path(config.output, "checkpoints").write_text("in the way")
    with pytest.raises(StorageError, match="checkpoints"):
        _train(config, Disturber())


@pytest.mark.slow
def test_two_ranks_stop_together_and_one_goes_on_to_the_same_student(
    make_config: Any, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"steps": 6, "validation": ValidationConfig(every_steps=3)}
    quiet, config = make_config("quiet", **options), make_config("two", **options)
    _train(quiet, Disturber(), precision=torch.float64)
    job, rendezvous = tmp_path / "job.pickle", tmp_path / "rendezvous"
    job.write_bytes(pickle.dumps(replace(config, num_workers=2)))
    with subprocess.Popen([sys.executable, str(RANK_SCRIPT), str(rendezvous), str(job)]) as other:
        try:
            torch.distributed.init_process_group(
                "gloo", init_method=f"file://{rendezvous}", rank=0, world_size=2
            )
            world, observer = World(rank=0, size=2), Disturber(stop_after=3)
            outcome = train_student(
                config, make_plan(config), world, observer, precision=torch.float64
            )
            assert other.wait(timeout=60) == 0
            torch.distributed.destroy_process_group()
        finally:
            other.kill()
    assert outcome is None
    assert _steps(config)[-1] == 4  # a step later than it was wished
    _train(config, Disturber(), precision=torch.float64)
    for name, tensor in _weights(quiet).items():
        torch.testing.assert_close(_weights(config)[name], tensor, atol=1e-6, rtol=1e-6)
    for left, right in zip(_log(config), _log(quiet), strict=True):
        assert left == pytest.approx(right, abs=1e-6, rel=1e-6)
