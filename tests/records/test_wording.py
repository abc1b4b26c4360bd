"""A few are named and the others counted."""

import numpy as np
import pytest

from alignet_ray.records.wording import numbered, quoted


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([3], "row 3"),
        (np.arange(1, 6), "rows 1, 2, 3, 4, 5"),
        (np.arange(1, 2001), "rows 1, 2, 3, 4, 5 and 1,995 more"),
    ],
)
def test_numbers(numbers, said):
    assert numbered("row", numbers) == said


def test_names():
    assert quoted(["a", "b"]) == "'a', 'b'"
    assert quoted("abcdef") == "'a', 'b', 'c', 'd', 'e', ..."
    assert quoted([]) == ""
