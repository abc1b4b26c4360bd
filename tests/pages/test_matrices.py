"""A map's pixels are its entries, its names stand at its rows."""

import base64
import io
import re

import numpy as np
from PIL import Image

from alignet_ray.pages.matrices import ABOVE, BELOW, MIDDLE, matrix_legend, matrix_map

MATRIX = np.array([[-2.0, 0.0], [5.0, np.nan]])


def colours(drawn):
    (data,) = re.findall(r"base64,([^\"]+)", drawn)
    image = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
    assert image.size == (2, 2)
    return [["#" + bytes(image.getpixel((x, y))).hex() for x in range(2)] for y in range(2)]


def test_zero_is_the_middle_and_what_is_beyond_the_reach_has_its_colour():
    drawn = colours(matrix_map(MATRIX, ["a", "b"], 2.0, "said"))
    assert drawn[0] == [BELOW, MIDDLE]
    assert drawn[1][0] == ABOVE
    assert drawn[1][1] not in (BELOW, MIDDLE, ABOVE)


def test_a_matrix_of_zeros_is_all_middle():
    assert colours(matrix_map(np.zeros((2, 2)), ["a", "b"], 0.0, "said"))[1] == [MIDDLE, MIDDLE]


def test_names_and_the_description_are_words(read_page):
    page = matrix_map(MATRIX, ["cat <b>", "dog"], 2.0, "who is near") + matrix_legend("x", "y", "z")
    reader = read_page(page.encode())
    assert all(said in reader.text for said in ("cat <b>", "dog", "who is near", "x", "y", "z"))
    rows = [float(value) for tag, name, value in reader.attributes if (tag, name) == ("text", "y")]
    assert rows[0] < 122 < rows[1], "each beside its own half"


def test_columns_are_named_as_rows_are_and_long_names_end_in_time(read_page):
    reader = read_page(matrix_map(MATRIX, ["cat", "a musical instrument" * 3], 2.0, "").encode())
    assert reader.text.count("cat") == 2
    assert reader.text.count("a musical") == 2
    assert "\N{HORIZONTAL ELLIPSIS}" in reader.text
