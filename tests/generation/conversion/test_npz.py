"""NumPy reads the file, and the same rows are the same bytes however they come."""

import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.generation.conversion.npz import npz_writer


def write(path, array, cuts):
    with npz_writer(path) as writer:
        pieces = iter(np.split(array, cuts))
        writer.add("first", array.dtype, len(array), pieces)
        writer.add("second", np.dtype("<f4"), 2, iter([np.ones((2, 3))]))
    return path.read_bytes()


@given(st.lists(st.integers(0, 30), max_size=4).map(sorted), st.sampled_from(["<U5", "<i8"]))
def test_numpy_reads_what_was_written_in_any_pieces(tmp_path_factory, cuts, dtype):
    path = tmp_path_factory.mktemp("npz") / "t.npz"
    array = np.arange(90).reshape(30, 3).astype(dtype)
    data = write(path, array, cuts)
    with np.load(path, allow_pickle=False) as loaded:
        assert loaded["first"].dtype == array.dtype
        assert np.array_equal(loaded["first"], array)
        assert np.array_equal(loaded["second"], np.ones((2, 3), np.float32))
    assert write(path, array, []) == data


def test_times_and_rights_are_fixed(tmp_path):
    write(tmp_path / "t.npz", np.zeros((30, 3)), [7])
    with zipfile.ZipFile(tmp_path / "t.npz") as archive:
        for info in archive.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.compress_type == zipfile.ZIP_STORED
            assert info.external_attr >> 16 == 0o644


def test_rows_that_were_not_promised_are_our_own_fault(tmp_path):
    with pytest.raises(AssertionError), npz_writer(tmp_path / "t.npz") as writer:
        writer.add("a", np.dtype("<i8"), 4, iter([np.zeros((3, 3))]))
