"""Upper triangles of some of the images, without ever making the matrix."""

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.functional.similarity_matrices import num_pairs_of


def partial_triangle(
    triangle: Float[np.ndarray, "pairs"], num_images: int, rows: Int[np.ndarray, "kept"]
) -> Float[np.ndarray, "kept_pairs"]:
    """The triangle of the images in `rows`, which ascend; all of them give it back as it is."""
    if len(rows) == num_images:
        return triangle
    flat = np.empty(num_pairs_of(len(rows)), dtype=triangle.dtype)
    start = 0
    for place, row in enumerate(rows.tolist()):
        others = rows[place + 1 :]
        # Where the row's own pairs begin, less the row's diagonal and what is left of it.
        begin = row * num_images - row * (row + 1) // 2 - row - 1
        flat[start : start + len(others)] = triangle[begin + others]
        start += len(others)
    return flat
