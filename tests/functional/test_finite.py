"""Vectors that are no numbers are refused by row."""

import numpy as np
import pytest

from alignet_ray.functional.finite import refuse_not_finite


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_row_is_named(value):
    vectors = np.ones((4, 3), dtype=np.float32)
    refuse_not_finite(vectors)
    refuse_not_finite(vectors[:0])
    vectors[[2, 3], 1] = value
    with pytest.raises(ValueError, match=r"2 vectors with NaN or infinity \(the first in row 3\)"):
        refuse_not_finite(vectors)
