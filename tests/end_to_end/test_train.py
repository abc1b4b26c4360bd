"""Train as a user runs it: killed or asked to stop, it ends in the student of a quiet run."""

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from alignet_ray.cli import parse_config
from alignet_ray.config.train import TrainConfig
from alignet_ray.errors import Interrupted
from alignet_ray.records.student import WEIGHTS_NAME
from alignet_ray.training.loop import train_student
from alignet_ray.training.plan import make_plan
from alignet_ray.training.world import World

pytestmark = [pytest.mark.ray, pytest.mark.slow]

NUM_STEPS = 240
EVERY_STEPS = 5
WORKER = "RayTrainWorker"


class Nobody:
    """An observer that neither looks nor asks."""

    def begin(self, step: int) -> None: ...

    def advance(self, steps: int, text: str = "") -> None: ...

    def say(self, line: str) -> None: ...

    def is_stopping(self) -> bool:
        return False


@pytest.fixture
def flags(baseline: Path, workspace: Any) -> list[str]:
    return [
        *("--runs", str(baseline), "--steps", str(NUM_STEPS), "--learning-rate", "1e-4"),
        *("--student.name", "test_efficientnet", "--student.checkpoint", str(workspace.weights)),
        *("--student.preprocessing.resolution", "32", "--student.preprocessing.resize", "squash"),
        *("--groups-per-step", "4", "--data.num-streams", "2", "--validation.images", "32"),
        *("--checkpoints.every-steps", str(EVERY_STEPS), "--cpus-per-worker", "1"),
        *("--resources.device", "cpu", "--resources.num-cpus", "2"),
    ]


@pytest.fixture
def quiet(flags: list[str], tmp_path: Path) -> dict[str, torch.Tensor]:
    """The weights of an undisturbed run of one worker, made without Ray."""
    torch.set_num_threads(1)
    config = parse_config(TrainConfig, [*flags, "--output", str(tmp_path / "quiet")])
    train_student(config, make_plan(config), World(), Nobody())
    return load_file(tmp_path / "quiet" / WEIGHTS_NAME)


def _start(support: Any, flags: list[str], output: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        support.job_command("train", *flags, "--output", str(output)),
        env=support.job_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _last_step(output: Path) -> int:
    records = output.glob("checkpoints/*/checkpoint.json")
    return max((int(path.parent.name) for path in records), default=0)


def _wait_for_step(support: Any, output: Path, step: int, driver: subprocess.Popen[str]) -> None:
    def is_reached() -> bool:
        if driver.poll() is not None:
            raise AssertionError(driver.communicate())
        return _last_step(output) >= step

    support.wait_for(is_reached, seconds=240)


def _finish(support: Any, flags: list[str], output: Path) -> str:
    driver = _start(support, flags, output)
    said = driver.communicate()
    assert driver.returncode == 0, said
    return said[1]


def test_sigkill_of_the_worker_and_of_the_driver_changes_no_bit(
    support: Any, flags: list[str], quiet: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    output, rng = tmp_path / "student", np.random.default_rng()
    driver = _start(support, flags, output)
    _wait_for_step(support, output, int(rng.integers(1, NUM_STEPS // 3)), driver)
    assert support.kill_workers(driver.pid, WORKER) == 1
    killed_at = _last_step(output)
    _wait_for_step(support, output, killed_at + int(rng.integers(1, NUM_STEPS // 3)), driver)
    os.kill(driver.pid, signal.SIGKILL)
    assert "a worker was lost" in driver.communicate()[1]
    said = _finish(support, flags, output)
    assert re.search(rf"going on after step \d+ of {NUM_STEPS}", said)
    ours = load_file(output / WEIGHTS_NAME)
    assert all(torch.equal(ours[name], tensor) for name, tensor in quiet.items())
    lines = (output / "logs" / "train.jsonl").read_text().splitlines()
    assert len(lines) == NUM_STEPS


def test_one_of_two_workers_killed_then_asked_to_stop_then_one_worker_goes_on(
    support: Any, flags: list[str], quiet: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    output, rng = tmp_path / "student", np.random.default_rng()
    driver = _start(support, [*flags, "--num-workers", "2"], output)
    _wait_for_step(support, output, int(rng.integers(1, NUM_STEPS // 3)), driver)
    assert support.kill_workers(driver.pid, WORKER, at_most=1) == 1
    _wait_for_step(support, output, _last_step(output) + 10, driver)
    for _ in range(2):  # as `timeout` does it: all processes of the job, and nearly at once twice
        os.killpg(driver.pid, signal.SIGTERM)
    said = driver.communicate()[1]
    assert driver.returncode == Interrupted.exit_code, said
    last_line = said.strip().splitlines()[-1]
    assert last_line == (
        f"interrupted at step {_last_step(output)} of {NUM_STEPS}. Run the same command to go on."
    )
    _finish(support, flags, output)
    for name, tensor in load_file(output / WEIGHTS_NAME).items():
        torch.testing.assert_close(tensor, quiet[name], atol=1e-4, rtol=1e-3)
