"""The demo's commands are commands that the jobs take, and a failing job ends it with its code."""

from pathlib import Path

import pytest

from alignet_ray.cli import parse_config
from alignet_ray.config.demo import DemoConfig
from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.config.generate import GenerateConfig
from alignet_ray.config.train import TrainConfig
from alignet_ray.demo_world.tour import Folders, JobFailedError, commands, run_command

CONFIGS = {
    "fit_teacher": FitTeacherConfig,
    "generate": GenerateConfig,
    "train": TrainConfig,
    "evaluate": EvaluateConfig,
}


def test_every_command_is_one_that_its_job_takes_and_they_hand_over(tmp_path: Path) -> None:
    folders = Folders(root=tmp_path)
    parsed = {
        job: parse_config(CONFIGS[job], flags)
        for job, flags in commands(DemoConfig(seed=3), folders)
    }
    assert list(parsed) == list(CONFIGS)
    assert {config.seed for config in parsed.values()} == {3}
    assert parsed["generate"].teacher == parsed["fit_teacher"].output
    assert parsed["train"].runs == (parsed["generate"].output,)
    assert parsed["evaluate"].models[1] == f"student={parsed['train'].output}"


def test_a_failing_job_ends_the_demo_with_its_own_exit_code(tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    script.write_text("raise SystemExit(5)")
    with pytest.raises(JobFailedError) as caught:
        run_command(script, [])
    assert caught.value.exit_code == 5
