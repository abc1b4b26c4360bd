"""What a human similarity matrix must be: finite, symmetric, and what it is said to be."""

import numpy as np
from jaxtyping import Bool, Float

from alignet_ray.errors import InputError
from alignet_ray.functional.similarity_matrices import upper_triangle
from alignet_ray.plurals import counted

_ASYMMETRY = 1e-5

Matrices = Float[np.ndarray, "participants images images"]


def refuse_infinite(matrix: Float[np.ndarray, "n n"], place: str) -> None:
    """Raise InputError naming the first infinity."""
    wrong = np.argwhere(np.isinf(matrix))
    if len(wrong):
        row, column = (wrong[0] + 1).tolist()
        raise InputError(
            f"infinity in row {row}, column {column}", "numbers, or NaN for pairs not judged",
            place, "Write NaN where a pair was not judged.",
        )  # fmt: skip


def refuse_half_judged(matrix: Float[np.ndarray, "n n"], place: str) -> None:
    """Raise InputError naming the first NaN whose pair has a number the other way round."""
    is_nan = np.isnan(matrix)
    wrong = np.argwhere(is_nan & ~is_nan.T)
    if len(wrong):
        row, column = wrong[0].tolist()
        raise InputError(
            f"NaN in row {row + 1}, column {column + 1}, but {matrix[column, row]:g} in row "
            f"{column + 1}, column {row + 1} ({counted(len(wrong), 'such pair')})",
            "NaN in both where a pair was not judged", place,
            "Write the number in both, or NaN in both.",
        )  # fmt: skip


def refuse_asymmetric(matrix: Float[np.ndarray, "n n"], place: str) -> None:
    """Raise InputError naming the first pair whose two numbers differ."""
    is_nan = np.isnan(matrix)
    scale = float(np.max(np.abs(matrix), initial=0, where=~is_nan))
    differences = np.abs(np.where(is_nan, 0, matrix) - np.where(is_nan, 0, matrix).T)
    is_wrong: Bool[np.ndarray, "n n"] = differences > _ASYMMETRY * scale
    wrong = np.argwhere(is_wrong)
    if len(wrong):
        row, column = wrong[0].tolist()
        pairs = counted(len(wrong) // 2, "such pair")
        raise InputError(
            f"{matrix[row, column]:g} in row {row + 1}, column {column + 1}, but "
            f"{matrix[column, row]:g} the other way round ({pairs})",
            "a symmetric matrix", place, "Average the two if they were judged apart.",
        )  # fmt: skip


def refuse_diagonal(matrix: Float[np.ndarray, "n n"], kind: str, place: str) -> None:
    """Raise InputError where an image is not most similar to itself; NaN there says nothing."""
    diagonal = np.diagonal(matrix)
    diagonal = diagonal[~np.isnan(diagonal)]
    others = upper_triangle(matrix)
    others = others[~np.isnan(others)]
    if not len(diagonal) or not len(others):
        return
    slack = _ASYMMETRY * float(np.abs(others).max())
    own, other = (
        (diagonal.min(), others.max()) if kind == "similarity" else (-diagonal.max(), -others.min())
    )
    if own < other - slack:
        instead = "dissimilarity" if kind == "similarity" else "similarity"
        raise InputError(
            f"an image is less similar to itself ({abs(own):g}) than to another ({abs(other):g})",
            f"a {kind} matrix", place,
            f"Is it a {instead} matrix? Otherwise write NaN on the diagonal.",
        )  # fmt: skip


def refuse_unjudged_images(matrices: Matrices, names: tuple[str, ...] | None, url: str) -> None:
    """Raise InputError for an image whose pairs nobody judged, or without a name of its own."""
    num_images = matrices.shape[1]
    if names is not None and len(names) != num_images:
        raise InputError(
            f"{len(names)} names for {num_images} images", "one name for each", url, "Mend it."
        )
    off_diagonal = ~np.eye(num_images, dtype=np.bool_)
    is_judged = np.logical_or.reduce(np.isfinite(matrices) & off_diagonal, axis=(0, 2))
    lonely = np.flatnonzero(~is_judged)
    if len(lonely):
        shown = f"image {lonely[0] + 1}" if names is None else repr(names[lonely[0]])
        raise InputError(
            f"no judged pair of {shown} ({len(lonely)} such images)", "some for each image", url,
            "Leave these images out.",
        )  # fmt: skip
