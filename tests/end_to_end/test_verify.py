"""Verify as a user runs it, on a run that lies in a bucket."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from alignet_ray.records.store import Folder

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def test_a_run_in_a_bucket_is_verified_and_its_broken_shard_removed(
    support: Any, baseline: Path, bucket: str
) -> None:
    root = Folder.at(f"{bucket}/verified")
    for path in (p for p in baseline.rglob("*") if p.is_file() and p.parent.name != "logs"):
        root.write(str(path.relative_to(baseline)), path.read_bytes())
    before = support.content(root.url)

    def verify(*flags: str) -> "subprocess.CompletedProcess[str]":
        command = support.job_command("verify", "--run", root.url, "--resources.no-progress")
        return subprocess.run(
            [*command, *flags], capture_output=True, text=True, env=support.job_environment()
        )

    sound = verify()
    assert sound.returncode == 0, sound.stderr
    assert "240 images (0 rejected)" in sound.stdout
    tar = "shards/train/000000.tar"
    data = bytearray(root.read(tar))
    data[len(data) // 2] ^= 1
    root.write(tar, bytes(data))
    broken = verify()
    assert (broken.returncode, len(broken.stderr.strip().splitlines())) == (5, 1)
    assert "SHA-256" in broken.stdout
    assert root.read(tar) == bytes(data)
    assert verify("--repair").returncode == 0
    gone = before.keys() - support.content(root.url).keys()
    assert gone == {tar, "shards/train/000000.json", "shards/train/manifest.json"}
