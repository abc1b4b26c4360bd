"""Claim: training through the job is at least 0.95 times as fast as a bare PyTorch loop with the
same model, batch size and loss over images that lie decoded in memory, where computing is what
takes the time.

The job is `jobs/train.py` itself, with one worker and one thread; its seconds a step are those of
logs/train.jsonl, without Ray's start, the first steps, validation and export. It reads shards from
disk and decodes them beside the training. The bare loop has one thread too. Both take turns.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import timm
import torch
from torch.nn import functional

from alignet_ray.records.store import Folder
from timing import parser_of, use_one_thread
from train_reading import pictures, write_run

CLAIM = 0.95
SKIPPED_STEPS = 3
STUDENT_TEMPERATURE = 100.0
REPOSITORY = Path(__file__).resolve().parents[1]
PAIRS = ((0, 1), (0, 2), (1, 2))


def job_seconds(run: str, output: str, asked: "Asked") -> list[float]:
    """Seconds of each step of the job, after the first ones."""
    command = [
        sys.executable, str(REPOSITORY / "jobs" / "train.py"), "--runs", run, "--output", output,
        "--student.name", asked.student, "--student.random-init",
        "--student.preprocessing.preset", "alignet",
        "--student.preprocessing.resolution", str(asked.resolution),
        "--groups-per-step", str(asked.groups), "--steps", str(asked.steps),
        "--warmup-steps", "1", "--loss.student-temperature", str(STUDENT_TEMPERATURE),
        "--validation.images", "0", "--cpus-per-worker", "1",
        "--resources.device", "cpu", "--resources.no-progress",
    ]  # fmt: skip
    done = subprocess.run(
        command, env={**os.environ, "RAY_AUTH_MODE": "disabled"}, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    lines = (Path(output) / "logs" / "train.jsonl").read_text().splitlines()
    rates = [json.loads(line)["images_per_second"] for line in lines]
    return [3 * asked.groups / rate for rate in rates[SKIPPED_STEPS:]]


def bare_seconds(asked: "Asked") -> list[float]:
    """Seconds of each step of a plain loop, after the first ones."""
    model: Any = timm.create_model(asked.student).eval()  # BatchNorm is frozen in the job as well
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    side = asked.resolution
    pixels = torch.randint(0, 256, (3 * asked.groups, side, side, 3), dtype=torch.uint8)
    teacher = torch.randn(asked.groups, 3)
    seconds: list[float] = []
    for _ in range(asked.steps):
        start = time.perf_counter()
        images = pixels.permute(0, 3, 1, 2).float().div(255)
        vectors = model.forward_head(model.forward_features(images), pre_logits=True)
        z = vectors.unflatten(0, (-1, 3))
        student = torch.stack([(z[:, i] * z[:, j]).sum(-1) for i, j in PAIRS], dim=-1)
        loss = functional.kl_div(
            functional.log_softmax(student / STUDENT_TEMPERATURE, -1),
            functional.log_softmax(teacher, -1),
            reduction="batchmean",
            log_target=True,
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    return seconds[SKIPPED_STEPS:]


class Asked:
    """The script's settings."""

    def __init__(self) -> None:
        parser = parser_of(__doc__)
        parser.add_argument("--student", default="mobilenetv1_100", help="a timm model")
        parser.add_argument("--resolution", type=int, default=128)
        parser.add_argument("--groups", type=int, default=16, help="triplets a step")
        parser.add_argument("--steps", type=int, default=13)
        parser.add_argument("--repeats", type=int, default=3, help="turns")
        parser.add_argument("--images", help="folder of .jpg files (default: painted pictures)")
        given = parser.parse_args()
        self.student: str = given.student
        self.resolution: int = given.resolution
        self.groups: int = given.groups
        self.steps: int = given.steps
        self.repeats: int = given.repeats
        self.images: str | None = given.images


def main() -> None:
    """Write the shards, and train both ways in turns."""
    asked = Asked()
    use_one_thread()
    torch.set_num_threads(1)
    ratios: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        run = f"{folder}/run"
        write_run(Folder.at(run), pictures(asked.images), (2, 1), [4, 2 * asked.groups])
        for turn in range(asked.repeats):
            job = statistics.median(job_seconds(run, f"{folder}/student{turn}", asked))
            bare = statistics.median(bare_seconds(asked))
            ratios.append(bare / job)
            images = 3 * asked.groups
            print(
                f"  job {job:.3f} s a step ({images / job:.1f} images/s), bare loop {bare:.3f} s "
                f"({images / bare:.1f} images/s): {ratios[-1]:.3f} times as fast",
                flush=True,
            )
    print(f"  job / bare loop = {statistics.median(ratios):.3f}; claim: at least {CLAIM}")


if __name__ == "__main__":
    main()
