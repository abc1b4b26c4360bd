"""Pieces of a search are found by all that they depend on, and by nothing else."""

import pytest

from alignet_ray.errors import RecordError
from alignet_ray.records.cells import cell_name, read_cell, write_cell
from alignet_ray.records.store import Folder

IDENTITY = {"candidate": {"learning_rate": 0.001, "local_temperature": None}, "fold": 2}


@pytest.fixture
def folder(tmp_path):
    return Folder.at(str(tmp_path / "selection"))


def test_what_was_written_is_found_under_its_identity_alone(folder):
    result = {"cross_entropy": [1.0, 0.5]}
    assert read_cell(folder, "cell", IDENTITY) is None
    write_cell(folder, "cell", IDENTITY, result)
    assert read_cell(folder, "cell", IDENTITY) == result
    assert read_cell(folder, "cell", IDENTITY | {"fold": 1}) is None
    assert read_cell(folder, "unseen", IDENTITY) is None


@pytest.mark.parametrize("data", [b"", b"{}", b'{"identity":{},"result":{}}'])
def test_a_broken_file_is_named(folder, data):
    name = cell_name("cell", IDENTITY)
    folder.write(name, data)
    with pytest.raises(RecordError, match=name):
        read_cell(folder, "cell", IDENTITY)
