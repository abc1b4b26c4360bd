"""Arrays as numpy reads them, but no room is made for what a header only promises."""

import io
import os
import pickle
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from alignet_ray.records.npy import parse_npy

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
DTYPES = hnp.floating_dtypes() | hnp.integer_dtypes() | hnp.unicode_string_dtypes(max_len=3)


def saved(array, **arguments):
    stream = io.BytesIO()
    np.save(stream, array, **arguments)
    return stream.getvalue()


def npy(shape, descr="'<f4'", data=b""):
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + data


@given(array=hnp.arrays(DTYPES, SHAPES), is_fortran=st.booleans())
def test_what_numpy_saves_comes_back(array, is_fortran):
    array = np.asarray(array, order="F" if is_fortran else "C")
    found = parse_npy(saved(array))
    assert found.dtype == array.dtype
    assert found.flags.writeable
    np.testing.assert_array_equal(found, array)


class Runs:
    def __reduce__(self):
        return os.system, ("touch pwned",)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (npy("(1000000000000,)"), "0 bytes of numbers instead of 4,000,000,000,000"),
        (npy("(2,)", "'<U500000000'"), "instead of 4,000,000,000"),
        (npy("(3, 2)", data=bytes(23)), "23 bytes of numbers instead of 24"),
        (npy("(99999999999999999999999,)"), "instead of 399,999,999"),
        (npy("(-5, 4)"), r"shape \(-5, 4\)"),
        (npy("(" * 4000), "no header of an array"),
        (npy("-" * 4000 + "1"), "no header of an array"),
        (npy("(1,)", "'<M8[s'"), "no header of an array"),
        (npy("(1,)", "'|O'", b"x" * 8), "Object arrays cannot be loaded"),
        (saved(np.array([Runs()], dtype=object), allow_pickle=True), "Object arrays"),
        (pickle.dumps(Runs()), "magic string"),
        (b"\x93NUMPY\x09\0" + bytes(99), "version 9.0"),
        (b"", "EOF"),
    ],
)
def test_hostile_headers_are_refused_and_cost_nothing(data, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tracemalloc.start()
    with pytest.raises(ValueError, match=said):
        parse_npy(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
    assert not (tmp_path / "pwned").exists()
