"""Matrices are finite numbers or are refused; nothing is ever unpickled."""

import io

import fsspec
import numpy as np
import pytest

from alignet_ray.errors import InputError
from alignet_ray.records.arrays import read_matrix, read_npy


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("code from data was run",))


def stored(array):
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    fsspec.filesystem("memory").pipe_file("memory://arrays/a.npy", stream.getvalue())
    return "memory://arrays/a.npy"


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int8, np.uint64])
def test_numbers_of_any_kind_become_float64(dtype):
    matrix = read_matrix(stored(np.array([[1, 2], [3, 4]], dtype=dtype)))
    assert matrix.dtype == np.float64
    assert matrix.tolist() == [[1, 2], [3, 4]]


def test_objects_are_not_unpickled():
    with pytest.raises(InputError, match="Object arrays"):
        read_npy(stored(np.array([Bomb()], dtype=object)), "numbers")


@pytest.mark.parametrize(
    "array", [np.zeros(3), np.zeros((0, 3)), np.array([["a"]]), np.array([[1.0, np.nan]])]
)
def test_what_is_no_matrix_of_finite_numbers(array):
    with pytest.raises(InputError) as caught:
        read_matrix(stored(array))
    assert caught.value.remedy
