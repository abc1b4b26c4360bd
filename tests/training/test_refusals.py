"""What train refuses before Ray starts, and before it writes anything."""

from dataclasses import replace
from pathlib import Path

import pytest

from alignet_ray.errors import ConfigError
from alignet_ray.training.launch import train


def files_below(root: str) -> list[Path]:
    return sorted(Path(root).rglob("*"))


@pytest.mark.parametrize("below", ["", "student"])
def test_a_run_is_no_place_for_a_student(make_config, run_root, below):
    before = files_below(run_root)
    with pytest.raises(ConfigError, match="another --output"):
        train(make_config(output=str(Path(run_root, below))))
    assert files_below(run_root) == before


def test_a_place_where_no_folder_can_be_names_output(make_config, tmp_path):
    (tmp_path / "file").write_text("")
    for below in ("file", "file/student"):
        with pytest.raises(ConfigError, match=r"--output: .*/file is no folder"):
            train(make_config(output=str(tmp_path / below)))


def test_a_folder_that_is_no_run_names_runs(make_config, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="Check --runs"):
        train(make_config(runs=(str(tmp_path / "empty"),)))


@pytest.mark.parametrize(
    ("changes", "flag"),
    [({"runs": ("",)}, "--runs"), ({"output": ""}, "--output"), ({"epochs": 2.0}, "--steps")],
)
def test_what_says_nothing_or_two_things_is_refused(make_config, changes, flag):
    with pytest.raises(ConfigError, match=f"^{flag}: "):
        replace(make_config(), **changes)
