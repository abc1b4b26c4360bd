"""A generated run out to the released layout, that file in again, and a student trained on it."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import alignet_ray
from alignet_ray.records.manifest import read_manifest
from alignet_ray.records.store import Folder
from alignet_ray.records.student import read_student

pytestmark = [pytest.mark.ray, pytest.mark.slow]

CPUS = ("--resources.num-cpus", "2")


def flags_in(triplets: Path, workspace: Any, output: Path) -> list[str]:
    return [
        *("--triplets", str(triplets), "--images", str(workspace.images)),
        *("--output", str(output), "--stored.resolution", "64", *CPUS),
        *("--table.part-rows", "32", "--table.row-group-rows", "16", "--groups-per-shard", "24"),
    ]


@pytest.fixture(scope="module")
def released(
    baseline: Path, run_job: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The baseline's 4 x 2 groups, a few triplets of each."""
    path = tmp_path_factory.mktemp("released") / "train.npz"
    flags = ["--run", str(baseline), "--output-npz", str(path), "--max-triplets-per-group", "5"]
    printed = run_job("convert", *flags, "--seed", "1", *CPUS)
    assert "base names, which are unique" in printed
    return path


def everything(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file() and "logs" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def test_a_killed_conversion_goes_on_to_the_same_bytes_and_a_student_trains_on_them(
    support: Any, workspace: Any, baseline: Path, released: Path, run_job: Callable[..., str],
    tmp_path: Path,
) -> None:  # fmt: skip
    killed, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    driver = subprocess.Popen(
        support.job_command("convert", *flags_in(released, workspace, killed)),
        env=support.job_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    support.wait_for(lambda: any((killed / "images").glob("part-*.json")), seconds=120)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    assert not (killed / "shards" / "train" / "manifest.json").exists()
    run_job("convert", *flags_in(released, workspace, killed))
    run_job("convert", *flags_in(released, workspace, undisturbed))
    assert everything(killed) == everything(undisturbed)

    again = tmp_path / "again.npz"
    run_job("convert", "--run", str(killed), "--output-npz", str(again), *CPUS)
    with np.load(released, allow_pickle=False) as first, np.load(again) as second:
        assert np.array_equal(first["filenames"], second["filenames"])
        assert np.array_equal(first["similarities"], second["similarities"])

    manifest = read_manifest(Folder.at(str(killed)), "train")
    generated = read_manifest(Folder.at(str(baseline)), "train")
    assert manifest is not None
    assert generated is not None
    assert manifest.num_groups == 5 * generated.num_groups
    student = tmp_path / "student"
    printed = run_job(
        "train", "--runs", str(killed), str(baseline), "--output", str(student),
        "--student.name", "test_byobnet", "--student.random-init",
        "--student.preprocessing.resolution", "32",
        "--steps", "3", "--groups-per-step", "8", "--resources.device", "cpu", *CPUS,
    )  # fmt: skip
    training = read_student(Folder.at(str(student))).training
    assert training["figures"]["validation"]["after"]["by_strategy"]["cluster_border"]
    assert [run["groups"] for run in training["data"]["runs"]] == [
        manifest.num_groups, generated.num_groups
    ]  # fmt: skip
    assert f"report     {student}/report/index.html" in printed
    assert "Where the student changed its mind" in (student / "report/index.html").read_text()
    assert len(list((student / "logs").glob("train-*.json"))) == 1
    picture = Image.open(next(workspace.images.rglob("*.jpg")))
    assert alignet_ray.load_student(str(student)).embed([picture]).isfinite().all()


@pytest.mark.skipif("CHAOS" not in os.environ, reason="long; `make chaos` runs it")
def test_a_bucket_holds_the_same_bytes_as_the_disk(
    support: Any, run_job: Callable[..., str], bucket: str, tmp_path: Path, workspace: Any
) -> None:
    names = sorted(path.name for path in workspace.images.rglob("*.jpg"))[:30]
    triplets = tmp_path / "train.npz"
    np.savez(
        triplets, filenames=np.reshape(names, (10, 3)), similarities=np.ones((10, 3), np.float32)
    )
    local, remote = tmp_path / "run", f"{bucket}/run"
    folder = Folder.at(bucket)
    folder.write("train.npz", triplets.read_bytes())
    flags = flags_in(triplets, workspace, local)
    run_job("convert", *flags)
    run_job("convert", *flags, "--triplets", f"{bucket}/train.npz", "--output", remote)
    assert support.content(remote) == support.content(str(local))
    for _ in range(2):
        run_job("convert", "--run", remote, "--output-npz", f"{bucket}/out.npz", *CPUS)
    run_job("convert", "--run", str(local), "--output-npz", str(tmp_path / "out.npz"), *CPUS)
    assert folder.read("out.npz") == (tmp_path / "out.npz").read_bytes()
    assert folder.sizes().keys() == {"train.npz", "out.npz", "out.npz.json"}
    assert not folder.exists("out.npz.work")
