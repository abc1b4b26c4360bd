"""Jobs that are submitted to a cluster: their bytes, their exit codes, their last lines."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alignet_ray.errors import InputError
from alignet_ray.records.store import Folder
from alignet_ray.records.student import WEIGHTS_NAME

pytestmark = [pytest.mark.ray, pytest.mark.slow]

RAY = str(Path(sys.executable).parent / "ray")


@pytest.fixture
def ray_head(support: Any, tmp_path: Path) -> Iterator[str]:
    """A Ray head with a dashboard of its own; yields the address that jobs are submitted to."""
    port, dashboard = support.free_port(), support.free_port()
    start = [RAY, "start", "--head", "--block", "--num-cpus", "2", "--port", str(port)]
    # The agent's usual port is one for the whole machine: another Ray beside us may hold it.
    start += ["--dashboard-agent-listen-port", "0"]
    with (tmp_path / "head.log").open("w") as log:
        head = subprocess.Popen(
            [*start, "--dashboard-host", "127.0.0.1", "--dashboard-port", str(dashboard)],
            stdout=log,
            stderr=log,
            env=support.job_environment(),
            start_new_session=True,
        )
        try:
            support.wait_for(lambda: support.answers(dashboard), seconds=90)
            yield f"http://127.0.0.1:{dashboard}"
        finally:
            os.killpg(head.pid, signal.SIGTERM)
            try:
                head.wait(timeout=5)
            except subprocess.TimeoutExpired:  # it waits for its children one after another
                os.killpg(head.pid, signal.SIGKILL)
                head.wait()


def submit(support: Any, address: str, job: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Submit a job and wait for its end, as a user does."""
    command = [RAY, "job", "submit", "--address", address, "--working-dir", ".", "--"]
    for _ in range(20):
        done = subprocess.run(
            [*command, "python", f"jobs/{job}.py", *flags],
            cwd=support.repository,
            capture_output=True,
            text=True,
            env=support.job_environment(),
        )
        if "No available agent" not in done.stderr:  # the head answers before its agent is up
            return done
        time.sleep(3)
    raise AssertionError(done.stderr)


def test_submitted_jobs_make_the_same_bytes_and_end_as_jobs_do(
    support: Any, workspace: Any, baseline: Path, bucket: str, ray_head: str
) -> None:
    run, student = f"{bucket}/submitted", f"{bucket}/student"
    done = submit(support, ray_head, "generate", *workspace.flags, "--output", run)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert support.content(run) == support.content(str(baseline))
    assert "Next: python jobs/train.py" in done.stdout

    flags = [
        *("--output", student, "--steps", "4", "--groups-per-step", "4", "--num-workers", "1"),
        *("--student.name", "test_efficientnet", "--student.checkpoint", str(workspace.weights)),
        *("--student.preprocessing.resolution", "32", "--validation.images", "32"),
        *("--cpus-per-worker", "1", "--resources.device", "cpu"),
    ]
    done = submit(support, ray_head, "train", "--runs", run, *flags)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert Folder.at(student).exists(WEIGHTS_NAME)
    assert f"alignet_ray.load_student('{student}')" in done.stdout

    done = submit(support, ray_head, "train", "--runs", f"{bucket}/absent", *flags)
    assert done.returncode != 0
    assert f"exit code {InputError.exit_code}" in done.stdout + done.stderr
    # Ray shows the end of a failed job's log once more.
    (ours,) = {line for line in done.stdout.splitlines() if line.startswith("error:")}
    assert f"{bucket}/absent" in ours
    assert "Traceback" not in done.stdout
