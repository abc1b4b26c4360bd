"""The triangle of some images is that of the matrix of these images."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.partial_triangles import partial_triangle
from alignet_ray.functional.similarity_matrices import upper_triangle


@given(num_images=st.integers(2, 12), data=st.data())
def test_it_is_the_triangle_of_the_smaller_matrix(num_images, data):
    kept = data.draw(st.sets(st.integers(0, num_images - 1)))
    rows = np.array(sorted(kept), dtype=np.int64)
    matrix = np.arange(num_images**2, dtype=np.float64).reshape(num_images, num_images)
    matrix[0, 1] = np.nan
    found = partial_triangle(upper_triangle(matrix), num_images, rows)
    np.testing.assert_array_equal(found, upper_triangle(matrix[np.ix_(rows, rows)]))
