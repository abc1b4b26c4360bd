"""Human similarity matrices from .npy, .mat and CSV files: one, or one per participant.

    .npy, .mat    (images, images), or (participants, images, images), or the upper triangle of one
                  as a row or a column; a .mat of version 7 or before, its only array or a named one
    .csv          numbers; with or without the images' names in the first line and the first column
                  (names that are numbers: whole ones, after an empty first field)

Nothing is unpickled. A pair that was not judged is NaN (in CSV an empty field or NaN). What comes
out are similarities: dissimilarities are negated, and the diagonal must fit what the file is said
to hold.
"""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped

from alignet_ray.errors import InputError
from alignet_ray.functional.similarity_matrices import upper_triangle
from alignet_ray.records.arrays import read_npy
from alignet_ray.records.human import refuse_repeated
from alignet_ray.records.mat_file import parse_mat
from alignet_ray.records.matrix_checks import (
    Matrices,
    refuse_asymmetric,
    refuse_diagonal,
    refuse_half_judged,
    refuse_infinite,
    refuse_unjudged_images,
)
from alignet_ray.records.number_rows import first_line, plain_text
from alignet_ray.records.store import read_url
from alignet_ray.records.wording import quoted

Kind = Literal["similarity", "dissimilarity"]

LEAST_IMAGES = 3
_NUMBERS = "fiu"
_EXPECTED = "a square matrix of pairs of images, or one for each participant"


@dataclass(frozen=True, kw_only=True)
class HumanMatrices:
    """Upper triangles of participants' similarities, NaN where a pair was not judged.

    `names` are the images' where the file has them.
    """

    names: tuple[str, ...] | None
    num_images: int
    triangles: Float[np.ndarray, "participants pairs"]

    @property
    def num_unjudged_pairs(self) -> int:
        """Pairs that no participant judged."""
        return int(np.logical_and.reduce(np.isnan(self.triangles), axis=0).sum())


def read_similarity_matrix(
    url: str, kind: Kind = "similarity", *, variable: str | None = None
) -> HumanMatrices:
    """The matrices of a file; `variable` names the array of a .mat that holds several.

    Raises InputError where they are not symmetric, their diagonal contradicts the kind, a number
    is infinite, or an image has no judged pair.
    """
    names, array = _read(url, variable)
    matrices = _as_matrices(array, url)
    for place, matrix in enumerate(matrices, 1):
        where = url if len(matrices) == 1 else f"{url}, participant {place}"
        refuse_infinite(matrix, where)
        refuse_half_judged(matrix, where)
        refuse_asymmetric(matrix, where)
        refuse_diagonal(matrix, kind, where)
    refuse_unjudged_images(matrices, names, url)
    sign = -1.0 if kind == "dissimilarity" else 1.0
    triangles = np.stack([sign * upper_triangle(matrix) for matrix in matrices])
    return HumanMatrices(names=names, num_images=matrices.shape[1], triangles=triangles)


def _read(
    url: str, variable: str | None
) -> tuple[tuple[str, ...] | None, Shaped[np.ndarray, "..."]]:
    suffix = url.lower().rpartition(".")[2]
    if suffix == "npy":
        return None, read_npy(url, _EXPECTED)
    if suffix == "mat":
        return None, _from_mat(url, variable)
    if suffix in ("csv", "tsv", "txt"):
        return _from_csv(url)
    raise InputError(f"a .{suffix} file", ".npy, .mat or .csv", url, "Save the matrix as .npy.")


def _from_mat(url: str, variable: str | None) -> Shaped[np.ndarray, "..."]:
    arrays = parse_mat(read_url(url), url)
    if variable is not None:
        if variable not in arrays:
            raise InputError(f"no array {variable!r} of numbers", f"one of {quoted(arrays)}", url)
        return arrays[variable]
    if len(arrays) != 1:
        raise InputError(
            f"{len(arrays)} arrays of numbers ({quoted(arrays)})", "one", url, "Name the one."
        )
    return next(iter(arrays.values()))


def _from_csv(url: str) -> tuple[tuple[str, ...] | None, Float[np.ndarray, "rows columns"]]:
    text = plain_text(read_url(url))
    delimiter = "\t" if b"\t" in first_line(text) else ","
    try:
        rows = [row for row in csv.reader(io.StringIO(text.decode()), delimiter=delimiter) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"unreadable ({error})", _EXPECTED, url, "Save it as CSV.") from error
    if not rows:
        raise InputError("an empty file", _EXPECTED, url, "Give a file with a matrix.")
    names = None
    if any(_number(field) is None for field in rows[0]) or _are_whole_numbers(rows[0]):
        header, rows = [field.strip() for field in rows[0]], rows[1:]
        names, rows = _without_names(header, rows, url)
    widths = {len(row) for row in rows}
    if len(widths) != 1:
        raise InputError(f"rows of {sorted(widths)} fields", _EXPECTED, url, "Mend the rows.")
    return names, np.array([_numbers(row, n, url) for n, row in enumerate(rows, 1)])


def _are_whole_numbers(fields: Sequence[str]) -> bool:
    """Whether a first line is an empty corner and numbers that name images, as pandas writes it."""
    labels = [field.strip() for field in fields[1:]]
    is_named = bool(labels) and all(label.isdecimal() for label in labels)
    return not fields[0].strip() and is_named and len(set(labels)) == len(labels)


def _without_names(
    header: list[str], rows: list[list[str]], url: str
) -> tuple[tuple[str, ...], list[list[str]]]:
    """The header's names and the rows' numbers; rows may begin with the same names."""
    if len(header) == len(rows) + 1 and not header[0]:
        header = header[1:]
    has_row_names = bool(rows) and all(len(row) == len(header) + 1 for row in rows)
    if has_row_names:
        own = [row[0].strip() for row in rows]
        if own != header:
            wrong = next((a for a, b in zip(own, header, strict=False) if a != b), "other names")
            raise InputError(
                f"{wrong!r} among the rows' names", "the columns' names in the same order", url,
                "Sort rows and columns alike.",
            )  # fmt: skip
        rows = [row[1:] for row in rows]
    refuse_repeated(header, "column", url)
    return tuple(header), rows


def _number(field: str) -> float | None:
    if not field.strip() or field.strip().lower() in ("nan", "na"):
        return math.nan
    try:
        return float(field)
    except ValueError:
        return None


def _numbers(row: Sequence[str], place: int, url: str) -> list[float]:
    numbers: list[float] = []
    for field in row:
        number = _number(field)
        if number is None:
            raise InputError(f"{field!r} in row {place}", "a number", url, "Correct the field.")
        numbers.append(number)
    return numbers


def _as_matrices(array: Shaped[np.ndarray, "..."], url: str) -> Matrices:
    if array.dtype.kind not in _NUMBERS:
        raise InputError(f"type {array.dtype}", "numbers", url, "Save it as float64.")
    if array.ndim == 1 or (array.ndim == 2 and 1 in array.shape):
        return _of_triangle(array.astype(np.float64).ravel(), url)[None]
    matrices = array[None] if array.ndim == 2 else array
    if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2]:
        raise InputError(
            f"shape {array.shape}", _EXPECTED, url,
            "Participants come first: (participants, images, images).",
        )  # fmt: skip
    if matrices.shape[1] < LEAST_IMAGES or not len(matrices):
        raise InputError(f"shape {array.shape}", f"at least {LEAST_IMAGES} images", url)
    return matrices.astype(np.float64)


def _of_triangle(values: Float[np.ndarray, "pairs"], url: str) -> Float[np.ndarray, "n n"]:
    num_images = (1 + math.isqrt(1 + 8 * len(values))) // 2
    if num_images * (num_images - 1) // 2 != len(values) or num_images < LEAST_IMAGES:
        raise InputError(
            f"{len(values)} numbers in one row", _EXPECTED, url, "Or a whole upper triangle."
        )
    matrix = np.full((num_images, num_images), np.nan)
    matrix[np.triu_indices(num_images, 1)] = values
    return np.fmax(matrix, matrix.T)
