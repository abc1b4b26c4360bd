"""Generate as a user runs it: same bytes everywhere, nothing twice, no harm from being killed."""

import os
import signal
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alignet_ray.records.store import Folder
from alignet_ray.stages.sources.tars import read_tar, rows_of_tars

pytestmark = [pytest.mark.ray, pytest.mark.slow]
LONG = pytest.mark.skipif("CHAOS" not in os.environ, reason="long; `make chaos` runs it")

QUIET = "--resources.no-progress"


def test_the_same_command_again_writes_nothing(
    support: Any, workspace: Any, baseline: Path, run_job: Callable[..., str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in baseline.rglob("*") if path.is_file()}
    printed = run_job("generate", *workspace.flags, "--output", str(baseline))
    after = {path: path.stat().st_mtime_ns for path in baseline.rglob("*") if path.is_file()}
    changed = {path.name for path in after if before.get(path) != after[path]}
    assert "nothing was written" in printed
    assert changed <= {"driver.lock"}


def test_images_in_a_bucket_make_the_same_run_as_on_disk_and_tars_are_read_by_range(
    support: Any,
    workspace: Any,
    baseline: Path,
    run_job: Callable[..., str],
    bucket: str,
    tmp_path: Path,
) -> None:
    photos = Folder.at(f"{bucket}/photos")
    with tarfile.open(tmp_path / "photos.tar", "w") as archive:
        for path in sorted(workspace.images.rglob("*.jpg")):
            photos.write(str(path.relative_to(workspace.images)), path.read_bytes())
            archive.add(path, str(path.relative_to(workspace.images)))
    Folder.at(bucket).write("photos.tar", (tmp_path / "photos.tar").read_bytes())
    flags = ["--images", photos.url, *workspace.flags[2:], "--output", str(tmp_path / "run")]
    run_job("generate", *flags)
    here, there = support.content(str(baseline)), support.content(str(tmp_path / "run"))
    for name in ("000000.parquet", "listing.json"):  # only these know where images lie
        assert here.pop(f"images/listing/{name}") != there.pop(f"images/listing/{name}")
    assert there == here
    listed = rows_of_tars([read_tar(f"{bucket}/photos.tar")]).to_pylist()
    assert len(listed) == len(list(workspace.images.rglob("*.jpg")))
    for row in listed[::40]:
        data = Folder.at(bucket).read_range(
            "photos.tar", row["offset"], row["offset"] + row["length"]
        )
        assert data == (workspace.images / row["key"].removeprefix("photos/")).read_bytes()


def test_one_core_makes_the_bytes_of_two(
    support: Any, workspace: Any, baseline: Path, run_job: Callable[..., str], tmp_path: Path
) -> None:
    flags = [*workspace.flags, "--output", str(tmp_path / "run"), "--resources.num-cpus", "1"]
    run_job("generate", *flags)
    assert support.content(str(tmp_path / "run")) == support.content(str(baseline))


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param("images", marks=LONG),
        pytest.param("clusters", marks=LONG),
        "shards/train",
    ],
)
def test_a_killed_driver_goes_on_to_the_same_bytes(
    support: Any,
    workspace: Any,
    baseline: Path,
    run_job: Callable[..., str],
    tmp_path: Path,
    stage: str,
) -> None:
    output = tmp_path / "run"
    flags = [*workspace.flags, "--output", str(output)]
    driver = subprocess.Popen(
        support.job_command("generate", *flags),
        env=support.job_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    support.wait_for(lambda: any((output / stage).glob("*0000*")), seconds=120)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    assert not (output / "shards" / "train" / "manifest.json").exists()
    run_job("generate", *flags)
    assert support.content(str(output)) == support.content(str(baseline))


def test_other_settings_in_the_same_root_are_refused_by_name(
    support: Any, workspace: Any, baseline: Path
) -> None:
    flags = [*workspace.flags, "--output", str(baseline), "--shards.group", "3x3", QUIET]
    done = subprocess.run(
        support.job_command("generate", *flags),
        capture_output=True,
        text=True,
        env=support.job_environment(),
    )
    assert done.returncode == 4
    assert "shards.blocks" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_weights_that_are_not_the_bundles_are_one_line_before_anything_is_embedded(
    support: Any, workspace: Any, tmp_path: Path
) -> None:
    bundle, output = tmp_path / "teacher", tmp_path / "run"
    support.write_bundle(bundle, workspace)
    wrong = tmp_path / "wrong.safetensors"
    support.write_other_weights(wrong)
    flags = ["--images", str(workspace.images), "--teacher", str(bundle), "--output", str(output)]
    done = subprocess.run(
        support.job_command("generate", *flags, "--checkpoint", str(wrong), QUIET),
        capture_output=True,
        text=True,
        env=support.job_environment(),
    )
    assert done.returncode == 3, done.stderr
    assert "--checkpoint" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list((output / "images").glob("part-*"))


def test_a_killed_embedding_actor_is_replaced_and_the_bytes_are_the_same(
    support: Any, workspace: Any, baseline: Path, tmp_path: Path
) -> None:
    output = tmp_path / "run"
    driver = subprocess.Popen(
        support.job_command("generate", *workspace.flags, "--output", str(output)),
        env=support.job_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    support.wait_for(lambda: any((output / "images").glob("part-*.json")), seconds=120)
    killed = support.kill_workers(driver.pid, "MapWorker")
    _, errors = driver.communicate()
    assert killed, "no actor was there to kill"
    assert driver.returncode == 0, errors
    assert support.content(str(output)) == support.content(str(baseline))
