"""MATLAB files give their matrices of numbers; bombs and lies are refused before they are read."""

import io
import struct
import tracemalloc

import numpy as np
import pytest
import scipy.io

from alignet_ray.errors import InputError
from alignet_ray.records.mat_file import parse_mat


def saved(variables, **arguments):
    stream = io.BytesIO()
    scipy.io.savemat(stream, variables, **arguments)
    return stream.getvalue()


HEADER = saved({})[:128]


def element(kind, data, size=None):
    size = len(data) if size is None else size
    return struct.pack("<II", kind, size) + data + bytes(-len(data) % 8)


def matrix(kind, shape, rest=b""):
    flags, sides = element(6, struct.pack("<II", kind, 0)), element(5, struct.pack("<ii", *shape))
    return element(14, flags + sides + element(1, b"m") + rest)


def nested(levels):
    data = b""
    for _ in range(levels):
        data = matrix(1, (1, 1), data)
    return data


@pytest.mark.parametrize("arguments", [{}, {"do_compression": True}, {"format": "4"}])
def test_matrices_come_back_and_everything_else_is_passed_over(arguments):
    variables = {"a": np.eye(3), "b": np.arange(6).reshape(2, 3), "text": "words", "one": 7}
    if "format" not in arguments:
        variables |= {"cell": np.array([[1, "x"]], dtype=object), "struct": {"in": np.eye(2)}}
    found = parse_mat(saved(variables, **arguments), "a.mat")
    assert found.keys() == {"a", "b"}
    np.testing.assert_array_equal(found["a"], np.eye(3))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (saved({"m": np.zeros((6000, 6000))}, do_compression=True), "packed into"),
        (HEADER + matrix(6, (1 << 20, 1 << 20), element(9, bytes(8))), "8,796,093,022,208 bytes"),
        (HEADER + element(14, bytes(8), 1 << 31), "2,147,483,648 bytes where 8 are left"),
        (HEADER + element(15, b"no zlib"), "unreadable"),
        (struct.pack("<iiiii", 0, 1 << 20, 1 << 20, 0, 2) + b"m\0", "8,796,093,022,208 bytes"),
        (struct.pack("<iiiii", 0, -5, 3, 0, 2) + b"m\0", "unreadable"),
        (b"", "unreadable"),
        (HEADER[:124] + b"\0\2IM" + b"\x89HDF", "version 7.3"),
    ],
    ids=["bomb", "shape", "size", "zlib", "old shape", "old size", "empty", "hdf5"],
)
def test_hostile_files_are_refused_and_cost_nothing(data, said):
    tracemalloc.start()
    with pytest.raises(InputError, match=f"^a.mat: .*{said}"):
        parse_mat(data, "a.mat")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize("data", [nested(500), matrix(1, (1 << 15, 1 << 15))])
def test_what_is_nested_is_never_looked_into(data):
    assert parse_mat(HEADER + data, "a.mat") == {}
