"""Headers and arrays are, byte for byte, those that `tarfile` and `numpy` write."""

import io
import tarfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from alignet_ray.records.tar_bytes import npy_bytes, tar_header

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=110)
SIZES = st.integers(0, 8**11 + 5) | st.integers(0, 70_000)


def of_tarfile(name, size):
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.USTAR_FORMAT)


def outcome(make, name, size):
    try:
        return make(name, size)
    except ValueError as error:
        return str(error)


@given(NAMES, SIZES)
def test_a_header_is_that_of_tarfile(name, size):
    assert outcome(tar_header, name, size) == outcome(of_tarfile, name, size)


@pytest.mark.parametrize("name", ["a" * 100, "a" * 101, "b/" * 60 + "c", "é" * 50, "é" * 51])
@pytest.mark.parametrize("size", [0, 511, 8**11 - 1, 8**11])
def test_names_and_sizes_at_the_limits_are_those_of_tarfile(name, size):
    assert outcome(tar_header, name, size) == outcome(of_tarfile, name, size)


@given(arrays.arrays(np.float32, arrays.array_shapes(max_dims=3, min_side=0)), st.booleans())
def test_an_array_is_that_of_numpy(array, is_transposed):
    stream = io.BytesIO()
    np.save(stream, array)
    given = array.T.copy().T if is_transposed else array
    assert npy_bytes(given) == stream.getvalue()
