"""Twenty SIGKILLs at random moments, of the driver and of every kind of worker: the same bytes.

Not collected by default; `make chaos` names this file. `CHAOS_SEED` gives other moments.
"""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

NUM_KILLS = 20
NODE = "ray::"
"""Every process of Ray that has a title, the node's own agents too: the node dies of it."""
VICTIMS = ("driver", "MapWorker", "ray::Map(decode", "ray::Map(write", "ray::make_shard", NODE)
MORE = ["--num-groups", "600", "--shards.groups-per-shard", "4"]


def start(support: Any, flags: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        support.job_command("generate", *flags),
        env=support.job_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill(support: Any, driver: subprocess.Popen[str], victim: str) -> int:
    """SIGKILL the driver, or all workers whose title holds the name; how many died."""
    if victim != "driver":
        return support.kill_workers(driver.pid, victim)
    if driver.poll() is None:
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
        return 1
    return 0


def test_twenty_kills_leave_the_bytes_of_a_quiet_run(
    support: Any, workspace: Any, run_job: Any, tmp_path: Path
) -> None:
    quiet, output = tmp_path / "quiet", tmp_path / "run"
    run_job("generate", *workspace.flags, *MORE, "--output", str(quiet))
    rng = np.random.default_rng(int(os.environ.get("CHAOS_SEED", "0")))
    flags = [*workspace.flags, *MORE, "--output", str(output)]
    kills: list[str] = []
    lost: list[str] = []
    num_starts = 0
    while True:
        driver, num_starts = start(support, flags), num_starts + 1
        before = len(kills)
        while driver.poll() is None:
            time.sleep(rng.uniform(0.5, 6.0))
            victim = VICTIMS[rng.integers(len(VICTIMS))]
            if len(kills) < NUM_KILLS and kill(support, driver, victim):
                kills.append(victim)
        if driver.returncode == 0 and len(kills) >= NUM_KILLS:
            break
        if driver.returncode == 0:
            # It was done too soon: take something away, as a broken disk would, and go on.
            for name in sorted(os.listdir(output / "shards" / "train"))[::3]:
                (output / "shards" / "train" / name).unlink()
            (output / "images" / "part-000001.json").unlink()
        else:
            said = driver.communicate()[1]
            killed = driver.returncode == -signal.SIGKILL
            assert killed or NODE in kills[before:], said
            assert "fault in alignet_ray" not in said
            lost.append(f"exit {driver.returncode}: {said.strip().splitlines()[-1:]}")
    print(f"{len(kills)} kills over {num_starts} starts: {', '.join(kills)}")
    print("\n".join(lost))
    assert support.content(str(output)) == support.content(str(quiet))
    assert "is sound" in run_job("verify", "--run", str(output))
