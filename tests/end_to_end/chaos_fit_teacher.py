"""SIGKILL of the driver while VICE is fitted, and again: the same command makes the same bytes.

Not collected by default; `make chaos` names this file.
"""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

NUM_OBJECTS = 60
NUM_KILLS = 2
RECORDS = ("teacher.json", "transform.safetensors", "vice/names.txt", "vice/mean.npy",
           "vice/scale.npy", "vice/vice.json")  # fmt: skip
CHECKPOINT = "vice/checkpoint.safetensors"


def study(folder: Path, dim: int) -> list[str]:
    """Choices and ready embeddings of people who see three hidden numbers; the flags for them."""
    random = np.random.default_rng(0)
    names = [f"thing{row:02d}" for row in range(NUM_OBJECTS)]
    meaning = random.uniform(0, 2, size=(NUM_OBJECTS, 3))
    noise = 0.05 * random.normal(size=(NUM_OBJECTS, dim - 3))
    vectors = np.hstack([meaning, noise])
    np.savez(folder / "e.npz", names=np.array(names), embeddings=vectors.astype(np.float32))
    lines = ["object1,object2,object3,odd"]
    for _ in range(6000):
        a, b, c = random.permutation(NUM_OBJECTS)[:3]
        pairs = [meaning[a] @ meaning[b], meaning[a] @ meaning[c], meaning[b] @ meaning[c]]
        odd = (c, b, a)[int(np.argmax(pairs))]
        lines.append(",".join(names[row] for row in (a, b, c, odd)))
    (folder / "choices.csv").write_text("\n".join(lines))
    return [
        *("--choices", str(folder / "choices.csv"), "--embeddings", str(folder / "e.npz")),
        *("--no-search", "--fit.max-epochs", "30", "--vice.num-dimensions", "12"),
        # Enough epochs for some tasks of the fit, so that there is a time to kill in.
        *("--vice.batch-size", "32", "--vice.max-epochs", "300", "--vice.min-objects", "2"),
        *("--vice.burn-in-epochs", "290", "--vice-cpus", "1"),
        *("--resources.num-cpus", "2", "--resources.device", "cpu"),
    ]


def start(support: Any, flags: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        support.job_command("fit_teacher", *flags),
        env=support.job_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def test_kills_during_vice_leave_the_bytes_of_a_quiet_fit(
    support: Any, workspace: Any, run_job: Any, tmp_path: Path
) -> None:
    backbone = ["--backbone.name", "test_efficientnet", "--backbone.checkpoint"]
    flags = [*study(tmp_path, dim=256), *backbone, str(workspace.weights)]
    quiet, output = tmp_path / "quiet", tmp_path / "killed"
    run_job("fit_teacher", *flags, "--output", str(quiet))
    seen: bytes | None = None
    for _ in range(NUM_KILLS):
        driver = start(support, [*flags, "--output", str(output)])
        checkpoint = output / CHECKPOINT

        def has_gone_on(before: bytes | None = seen, at: Path = checkpoint) -> bool:
            return at.exists() and at.read_bytes() != before

        support.wait_for(has_gone_on, 300.0)
        seen = checkpoint.read_bytes()
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
        assert not (output / "vice" / "vice.json").exists(), "killed during VICE"
    run_job("fit_teacher", *flags, "--output", str(output))
    assert not (output / CHECKPOINT).exists()
    for name in RECORDS:
        assert (output / name).read_bytes() == (quiet / name).read_bytes(), name
