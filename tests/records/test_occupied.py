"""No job writes into what another job wrote, and a folder of its own is never refused."""

import json

import pytest

from alignet_ray.errors import ConfigError
from alignet_ray.records.occupied import refuse_occupied

MARKS = {
    "run": ("config.yaml", "version: 1\ndigests:\n  images: x\n"),
    "teacher bundle": ("teacher.json", json.dumps({"transform_sha256": "x"})),
    "student": ("student.json", json.dumps({"aligned": {}})),
    "evaluation": ("results.json", json.dumps({"version": 2})),
}


def occupied_by(kind, folder):
    name, text = MARKS[kind]
    folder.mkdir()
    (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("own", MARKS)
@pytest.mark.parametrize("there", MARKS)
def test_a_folder_belongs_to_the_kind_that_is_there(own, there, tmp_path):
    folder = occupied_by(there, tmp_path / "folder")
    before = sorted(tmp_path.rglob("*"))
    if own == there:
        refuse_occupied(str(folder), own)
    else:
        with pytest.raises(ConfigError, match=rf"holds an? {there}.*another --output"):
            refuse_occupied(str(folder), own)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("there", MARKS)
def test_nothing_lies_in_a_run_or_a_teacher_however_deep(there, tmp_path):
    folder = occupied_by(there, tmp_path / "folder")
    inside = str(folder / "a" / "b")
    if there in ("run", "teacher bundle"):
        with pytest.raises(ConfigError, match=f"lies in the {there} {folder}"):
            refuse_occupied(inside, "student")
    else:
        refuse_occupied(inside, "evaluation")


@pytest.mark.parametrize(("output", "words"), [("run", "is"), ("run/x", "lies in"), ("", "holds")])
def test_an_input_and_an_output_are_apart(output, words, tmp_path):
    run = str(tmp_path / "run")
    with pytest.raises(ConfigError, match=f"{words} {run}, which this job reads"):
        refuse_occupied(str(tmp_path / output), "student", [run])
    refuse_occupied(str(tmp_path / "running"), "student", [run])
    refuse_occupied("memory://occupied/student", "student", ["memory://occupied/run"])


def test_a_config_of_somebody_elses_is_no_run(tmp_path):
    (tmp_path / "config.yaml").write_text("images: here\n")
    refuse_occupied(str(tmp_path), "student")
    refuse_occupied(str(tmp_path / "student"), "student")
