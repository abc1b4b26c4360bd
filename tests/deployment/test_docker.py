"""The Dockerfile without an engine: its lines are looked at, and its install steps replayed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "docker" / "Dockerfile"
ROOT_IS_REFUSED = "error: runs as root; expected the user ray\n"
IMAGE = re.compile(r"^rayproject/ray:(\d+\.\d+\.\d+)-py(\d)(\d+)-(cpu|cu\d+)$")


def instructions() -> list[tuple[str, str]]:
    """(instruction, rest) of each line; lines that go on are joined."""
    text = re.sub(r"\\\n", " ", DOCKERFILE.read_text())
    lines = (line.split(None, 1) for line in text.splitlines())
    return [(own[0], own[1]) for own in lines if own and not own[0].startswith("#")]


def arguments() -> dict[str, str]:
    given = [rest.partition("=") for name, rest in instructions() if name == "ARG"]
    return {name: value for name, _, value in given}


def bases() -> list[str]:
    """Base images: the default one, and those that comments say to build with."""
    return [arguments()["BASE"], *re.findall(r"BASE=(rayproject\S+)", DOCKERFILE.read_text())]


@pytest.mark.parametrize("base", bases())
def test_the_base_is_the_locked_ray_and_a_python_that_we_support(base):
    found = IMAGE.match(base)
    assert found, base
    locked = re.search(r"^ray(?:\[.*\])?==(\S+)", (ROOT / "requirements.lock").read_text(), re.M)
    assert locked is not None
    assert found[1] == locked[1]
    assert (3, 11) <= (int(found[2]), int(found[3])) <= (3, 14)


def test_everything_that_is_copied_is_there_and_not_ignored():
    patterns = (ROOT / ".dockerignore").read_text().split()
    assert patterns[0] == "*"
    kept = {line.removeprefix("!") for line in patterns if line.startswith("!")}
    for name, rest in instructions():
        if name == "COPY":
            *sources, _ = (word for word in rest.split() if not word.startswith("--"))
            for source in sources:
                assert (ROOT / source).exists(), source
                assert source in kept, source


def test_it_is_not_root_and_installs_only_what_is_locked():
    found = instructions()
    assert [rest for name, rest in found if name == "USER"][-1] == "ray"
    for name, rest in found:
        if name == "COPY":
            assert "--chown=ray:users" in rest
        if name == "RUN" and "pip install" in rest:
            assert "--require-hashes" in rest or "--no-deps" in rest
    assert any("check_image.py" in rest for name, rest in found if name == "RUN")
    assert "latest" not in "".join(rest for _, rest in found)


def is_expected(done: subprocess.CompletedProcess[str]) -> bool:
    """Whether a step succeeds, or fails for nothing but that this test runs as root."""
    return done.returncode == 0 or (os.geteuid() == 0 and done.stderr == ROOT_IS_REFUSED)


@pytest.mark.parametrize(
    ("code", "errors", "expected"),
    [
        (0, "", True),
        (0, "a warning\n", True),
        (1, "", False),
        (1, "\n", False),
        (1, ROOT_IS_REFUSED, os.geteuid() == 0),
        (1, f"{ROOT_IS_REFUSED}error: another\n", False),
    ],
)
def test_a_step_may_only_fail_for_the_user_it_is_replayed_as(code, errors, expected):
    assert is_expected(subprocess.CompletedProcess("step", code, "", errors)) == expected


@pytest.mark.skipif(not os.environ.get("CHAOS"), reason="installs everything; `make chaos` runs it")
def test_its_steps_work_in_a_clean_environment(tmp_path):
    """Every COPY and RUN in order, in a new virtual environment, with the CPU lock file."""
    place, environment = tmp_path / "image", tmp_path / "environment"
    place.mkdir()
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    paths = {**os.environ, "PATH": f"{environment}/bin:{os.environ['PATH']}"}
    paths |= {name: value for name, value in arguments().items() if name == "LOCK"}
    for name, rest in instructions():
        if name == "COPY":
            *sources, target = (word for word in rest.split() if not word.startswith("--"))
            for source in sources:
                copy_to(ROOT / source, place / target, is_file_in=target.endswith("/"))
        if name == "RUN":
            done = subprocess.run(rest, shell=True, cwd=place, env=paths, text=True,
                                  capture_output=True)  # fmt: skip
            assert is_expected(done), f"{rest}\nends with {done.returncode}\n{done.stderr}"


def copy_to(source: Path, target: Path, *, is_file_in: bool) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy(source, target / source.name if is_file_in else target)
