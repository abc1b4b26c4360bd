"""An exported student comes back whole, and its weights are found beside it."""

from dataclasses import replace

import pytest
import safetensors.torch
import torch

from alignet_ray.errors import InputError, RecordError
from alignet_ray.records.student import (
    STUDENT_NAME,
    WEIGHTS_NAME,
    Student,
    is_student,
    read_student,
    write_student,
)

WEIGHTS = {"a": torch.arange(6.0).reshape(2, 3).T, "b": torch.tensor(3)}


@pytest.fixture
def student(backbone):
    aligned = replace(backbone, weights_sha256="1" * 64)
    return Student(initial=backbone, aligned=aligned, training={"steps": 3})


def test_a_student_comes_back_with_the_place_of_its_weights(root, student):
    write_student(root, student, WEIGHTS)
    found = read_student(root)
    here = replace(student.aligned, checkpoint=root.place(WEIGHTS_NAME))
    assert found == replace(student, aligned=here)


def test_weights_come_back_as_they_were(root, student):
    write_student(root, student, WEIGHTS)
    found = safetensors.torch.load(root.read(WEIGHTS_NAME))
    assert found.keys() == WEIGHTS.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in WEIGHTS.items())


def test_an_export_may_be_moved(new_root, student):
    first, second = new_root("local"), new_root("memory")
    write_student(first, student, WEIGHTS)
    for name in (STUDENT_NAME, WEIGHTS_NAME):
        second.write(name, first.read(name))
    assert read_student(second).aligned.checkpoint == second.place(WEIGHTS_NAME)


def test_a_folder_without_a_student_says_what_writes_one(root):
    assert not is_student(root)
    with pytest.raises(InputError, match=r"no student; .*jobs/train.py"):
        read_student(root)


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b'{"initial": {}, "aligned": {}}'])
def test_a_broken_student_json_is_a_record_error(root, data):
    root.write(STUDENT_NAME, data)
    with pytest.raises(RecordError, match=r"student.json: "):
        read_student(root)


@pytest.mark.parametrize("name", ["student.safetensors", WEIGHTS_NAME])
def test_the_record_names_the_file_of_the_weights(root, student, name):
    write_student(root, student, WEIGHTS)
    data = root.read(STUDENT_NAME).replace(WEIGHTS_NAME.encode(), name.encode())
    root.write(STUDENT_NAME, data)
    assert read_student(root).aligned.checkpoint == root.place(name)


def test_weights_that_are_not_beside_the_record_are_refused(root, student):
    write_student(root, student, WEIGHTS)
    data = root.read(STUDENT_NAME).replace(WEIGHTS_NAME.encode(), b"../other.safetensors")
    root.write(STUDENT_NAME, data)
    with pytest.raises(RecordError, match="the name of a file beside it"):
        read_student(root)


def test_files_beside_the_weights_are_there_before_the_record(root, student):
    write_student(root, student, WEIGHTS, {"README.md": b"card", "config.json": b"{}"})
    assert root.read("README.md") == b"card"
    assert set(root.sizes()) == {WEIGHTS_NAME, STUDENT_NAME, "README.md", "config.json"}
