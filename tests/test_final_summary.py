"""The final summary: one JSON object at every end, and nothing else on its way."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from alignet_ray.errors import ConfigError, StorageError
from alignet_ray.final_summary import facts_of, take_place, write_summary

PROGRAM = """
import sys
from dataclasses import dataclass
from alignet_ray.cli import run_job
from alignet_ray.errors import InputError, Interrupted

@dataclass(frozen=True, kw_only=True)
class Config:
    end: str = "done"

@dataclass(frozen=True)
class Summary:
    num_images: int

def main(config):
    if config.end == "bad":
        raise InputError("no images", "JPEG", "photos")
    if config.end == "interrupted":
        raise Interrupted("interrupted at step 3 of 4. Run the same command to go on.")
    if config.end == "fault":
        raise ZeroDivisionError("ours")
    return Summary(3)

run_job(Config, main)
"""


def run(tmp_path: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    return subprocess.run([sys.executable, program, *flags], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("end", "code", "error"),
    [
        ("done", 0, None),
        ("bad", 3, "error: photos: no images; expected JPEG"),
        ("interrupted", 9, "interrupted at step 3 of 4. Run the same command to go on."),
        ("fault", 70, "error: ZeroDivisionError: ours. This is a fault in alignet_ray"),
    ],
)
def test_every_end_is_told(tmp_path: Path, end: str, code: int, error: str | None) -> None:
    place = tmp_path / "deep" / "summary.json"
    done = run(tmp_path, "--end", end, "--summary-json", str(place))
    summary = json.loads(place.read_text())
    assert done.returncode == summary["exit_code"] == code
    assert summary["job"] == "program"
    assert summary["facts"] == ({"num_images": 3} if end == "done" else {})
    assert (summary["error"] or "").startswith(error or "")
    assert summary["error"] == (done.stderr.strip() or None)


def test_it_can_be_the_last_line_of_the_output(tmp_path: Path) -> None:
    done = run(tmp_path, "--summary-json=-")
    assert json.loads(done.stdout.splitlines()[-1])["facts"] == {"num_images": 3}


def test_bad_flags_are_told_too(tmp_path: Path) -> None:
    done = run(tmp_path, "--summary-json", "-", "--absent", "1")
    assert json.loads(done.stdout)["exit_code"] == done.returncode == 2


def test_a_summary_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run(tmp_path, "--summary-json", str(tmp_path / "file" / "summary.json"))
    assert done.returncode == StorageError.exit_code
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_flag_without_a_file_is_refused() -> None:
    with pytest.raises(ConfigError, match="--summary-json FILE"):
        take_place(["--seed", "1", "--summary-json"])


def test_what_is_neither_a_dataclass_nor_a_mapping_has_no_facts() -> None:
    assert facts_of(None) == facts_of(3) == facts_of("text") == {}
    assert facts_of({"a": 1}) == {"a": 1}


def test_what_json_does_not_know_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    write_summary("-", job="a", exit_code=0, seconds=1.0, error=None, facts={"path": Path("x")})
    assert json.loads(capsys.readouterr().out)["facts"] == {"path": "x"}
