"""A small folder of real JPEGs, a tiny backbone with fixed weights, and jobs as subprocesses."""

import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from PIL import Image

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.models.backbones import load_backbone
from alignet_ray.records import teacher_bundle as record
from alignet_ray.records.store import Folder
from alignet_ray.records.teacher_bundle import TeacherBundle, Transform

REPOSITORY = Path(__file__).resolve().parents[2]
NUM_IMAGES = 240
RESOLUTION = 64
HASHED = ("images", "images/listing", "clusters", "shards/train", "shards/validation")


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Where the images and the weights lie, and the flags that every generate call shares."""

    images: Path
    weights: Path

    @property
    def flags(self) -> list[str]:
        return [
            *("--images", str(self.images), "--teacher", "untransformed"),
            *("--backbone.name", "test_efficientnet", "--backbone.checkpoint", str(self.weights)),
            *("--backbone.preprocessing.resolution", str(RESOLUTION)),
            *("--embedding.part-rows", "32", "--embedding.row-group-rows", "16"),
            *("--clusters.num-clusters", "12", "--shards.group", "4x2"),
            *("--stored.resolution", "64", "--resources.num-cpus", "2"),
        ]


def paint_photo(path: Path, rng: np.random.Generator) -> None:
    """A smooth random picture, so that JPEGs differ and compress."""
    coarse = rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((96, 72), Image.Resampling.BICUBIC).save(path, quality=90)


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("workspace")
    rng = np.random.default_rng(0)
    for index in range(NUM_IMAGES):
        folder = root / "images" / f"class{index % 5}"
        folder.mkdir(parents=True, exist_ok=True)
        paint_photo(folder / f"{index:04d}.jpg", rng)
    torch.manual_seed(0)
    weights = root / "backbone.safetensors"
    safetensors.torch.save_file(timm.create_model("test_efficientnet").state_dict(), weights)
    return Workspace(images=root / "images", weights=weights)


def job_command(job: str, *flags: str) -> list[str]:
    return [sys.executable, str(REPOSITORY / "jobs" / f"{job}.py"), *flags]


@pytest.fixture(scope="session")
def run_job() -> Callable[..., str]:
    """Run a job to its end and return what it printed; a failure shows both streams."""

    def run(job: str, *flags: str) -> str:
        done = subprocess.run(
            job_command(job, *flags), capture_output=True, text=True, env=job_environment()
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def job_environment() -> dict[str, str]:
    environment = {k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"}
    binaries = str(Path(sys.executable).parent)  # `python` of a submitted job is this one too
    path = f"{binaries}{os.pathsep}{environment.get('PATH', '')}"
    return {**environment, "RAY_AUTH_MODE": "disabled", "PATH": path}


def content(url: str) -> dict[str, str]:
    """SHA-256 of every hashed file of a run, by relative name."""
    root = Folder.at(url)
    return {
        f"{folder}/{name}": hashlib.sha256(root.read(f"{folder}/{name}")).hexdigest()
        for folder in HASHED
        for name in root.sizes(folder)
    }


@pytest.fixture(scope="session")
def baseline(
    workspace: Workspace,
    run_job: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """An undisturbed run on local disk, which all others must equal."""
    output = tmp_path_factory.mktemp("baseline") / "run"
    run_job("generate", *workspace.flags, "--output", str(output))
    return output


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.05)


def kill_workers(driver: int, name: str, at_most: int = 1000) -> int:
    """SIGKILL the Ray workers of a driver's own Ray whose title holds the name; how many died."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True).stdout
    rows = [line.split(maxsplit=2) for line in listed.splitlines()[1:]]
    family = {driver}
    for _ in range(len(rows)):  # children of children, to any depth
        grown = family | {int(pid) for pid, parent, *_ in rows if int(parent) in family}
        if grown == family:
            break
        family = grown
    killed = 0
    for pid, _, title in (row for row in rows if len(row) == 3):
        if int(pid) in family and name in title and killed < at_most:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
                killed += 1
    return killed


def write_other_weights(path: Path) -> None:
    """Weights of the same architecture that are not the workspace's."""
    torch.manual_seed(1)
    safetensors.torch.save_file(timm.create_model("test_efficientnet").state_dict(), path)


def write_bundle(folder: Path, workspace: Workspace) -> None:
    """A bundle of the workspace's backbone with the identity for a transform."""
    config = BackboneConfig(
        name="test_efficientnet",
        checkpoint=str(workspace.weights),
        preprocessing=PreprocessingConfig(resolution=RESOLUTION),
    )
    backbone = load_backbone(config).resolved
    identity = Transform(
        weight=np.eye(backbone.dim), bias=np.zeros(backbone.dim), mean=0.0, scale=1.0
    )
    record.write_bundle(
        Folder.at(str(folder)), TeacherBundle(backbone=backbone, transform=identity)
    )


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


@pytest.fixture(scope="session")
def support() -> SimpleNamespace:
    """The helpers of this file, for test modules that cannot import it."""
    return SimpleNamespace(
        answers=answers,
        content=content,
        free_port=free_port,
        job_command=job_command,
        job_environment=job_environment,
        kill_workers=kill_workers,
        repository=REPOSITORY,
        wait_for=wait_for,
        write_bundle=write_bundle,
        write_other_weights=write_other_weights,
    )


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A bucket behind a real GCS API: the emulator, for this process and all its children."""
    port = free_port()
    emulator = Path(sys.executable).parent / "gcp-storage-emulator"
    command = [str(emulator), "start", "--host", "127.0.0.1", "--port", str(port)]
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with (tmp_path / "emulator.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--in-memory", "--default-bucket", "alignet-test"], stdout=log, stderr=log
        )
        try:
            wait_for(lambda: answers(port))
            yield "gs://alignet-test"
        finally:
            process.kill()
            process.wait()
