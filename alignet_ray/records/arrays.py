"""Matrices of numbers from .npy files at any URL: never pickled objects, never NaN."""

import numpy as np
from jaxtyping import Float, Shaped

from alignet_ray.errors import InputError
from alignet_ray.records.npy import parse_npy
from alignet_ray.records.store import read_url
from alignet_ray.records.wording import numbered

_NUMBERS = "fiu"
_ARCHIVE = b"PK"


def read_npy(url: str, expectation: str) -> Shaped[np.ndarray, "..."]:
    """The array of a .npy file. Raises InputError where it is no such file or holds objects."""
    data = read_url(url)
    if data.startswith(_ARCHIVE):
        raise InputError("a .npz archive", expectation, url, "Save the one array with np.save.")
    try:
        return parse_npy(data)
    except ValueError as error:
        remedy = "Save it with np.save, as an array of numbers."
        raise InputError(f"unreadable ({error})", expectation, url, remedy) from error


def read_matrix(url: str) -> Float[np.ndarray, "rows columns"]:
    """A matrix of finite numbers, as float64. Raises InputError naming the first wrong rows."""
    matrix = read_npy(url, "a .npy file of numbers")
    _refuse_no_matrix(matrix, url)
    return matrix.astype(np.float64)


def _refuse_no_matrix(matrix: Shaped[np.ndarray, "..."], place: str) -> None:
    """Raise InputError for what is no matrix of finite numbers, naming the first wrong rows."""
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise InputError(f"shape {matrix.shape}", "a matrix, one row for each object", place,
                         "Save a two-dimensional array.")  # fmt: skip
    if matrix.dtype.kind not in _NUMBERS:
        raise InputError(
            f"type {matrix.dtype}", "numbers", place, "Save it as array.astype(np.float32)."
        )
    wrong = np.flatnonzero(~np.logical_and.reduce(np.isfinite(matrix), axis=1))
    if len(wrong):
        raise InputError(
            f"NaN or infinity in {numbered('row', wrong + 1)}",
            "finite numbers",
            place,
            "Make these rows again.",
        )
