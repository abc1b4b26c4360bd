"""Ten kills at random moments, of the driver, of workers and of all of Ray: the same student.

Not collected by default; `make chaos` names this file. `CHAOS_SEED` gives other moments and
`CHAOS_KILLS` another number of them.
"""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from alignet_ray.records.student import WEIGHTS_NAME

NUM_KILLS = int(os.environ.get("CHAOS_KILLS", "10"))
NODE = "ray::"
"""Every process of Ray that has a title, the node's own agents too: the node dies of it."""
VICTIMS = ("driver", "RayTrainWorker", "RayTrainWorker", "TrainController", "stop", NODE)
NUM_STEPS = 4000


def train_flags(run: Path, weights: Path) -> list[str]:
    return [
        *("--runs", str(run), "--steps", str(NUM_STEPS), "--learning-rate", "1e-4"),
        *("--student.name", "test_efficientnet", "--student.checkpoint", str(weights)),
        *("--student.preprocessing.resolution", "32", "--student.preprocessing.resize", "squash"),
        *("--groups-per-step", "4", "--data.num-streams", "2", "--validation.images", "32"),
        *("--checkpoints.every-seconds", "2", "--cpus-per-worker", "1"),
        *("--resources.device", "cpu", "--resources.num-cpus", "2"),
    ]


def start(support: Any, flags: list[str], output: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        support.job_command("train", *flags, "--output", str(output)),
        env=support.job_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def harm(support: Any, driver: subprocess.Popen[str], victim: str) -> bool:
    """SIGKILL the victim, or ask the driver to stop; whether it was there."""
    if victim == "stop":
        driver.send_signal(signal.SIGTERM)
        return True
    if victim == "driver":
        driver.kill()
        return True
    return support.kill_workers(driver.pid, victim) > 0


def test_kills_leave_the_student_of_a_quiet_run(
    support: Any, workspace: Any, baseline: Path, run_job: Any, tmp_path: Path
) -> None:
    flags = train_flags(baseline, workspace.weights)
    quiet, output = tmp_path / "quiet", tmp_path / "student"
    run_job("train", *flags, "--output", str(quiet))
    rng = np.random.default_rng(int(os.environ.get("CHAOS_SEED", "0")))
    done: list[str] = []
    ends: list[str] = []
    while True:
        driver = start(support, flags, output)
        while driver.poll() is None and len(done) < NUM_KILLS:
            time.sleep(rng.uniform(0.5, 20.0))
            victim = VICTIMS[rng.integers(len(VICTIMS))]
            if driver.poll() is None and harm(support, driver, victim):
                done.append(victim)
        said = driver.communicate()[1]
        assert "fault in alignet_ray" not in said, said
        ends.append(f"exit {driver.returncode}: {said.strip().splitlines()[-1:]}")
        if driver.returncode == 0:
            break
    print(f"{len(done)} kills over {len(ends)} starts: {', '.join(done)}", *ends, sep="\n")
    ours, theirs = (load_file(folder / WEIGHTS_NAME) for folder in (output, quiet))
    assert all(torch.equal(ours[name], tensor) for name, tensor in theirs.items())
    logs = [
        (folder / "logs" / "train.jsonl").read_text().splitlines() for folder in (output, quiet)
    ]
    losses = [[json.loads(line)["loss"] for line in log] for log in logs]
    assert losses[0] == losses[1]
