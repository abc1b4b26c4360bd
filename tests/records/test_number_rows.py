"""Rows of whole numbers equal a plain parse, and keep the lines that they came from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.errors import InputError
from alignet_ray.records.number_rows import first_line, plain_text, rows_of_text

MEANINGS = {2: "a b", 3: "a b c"}
ROWS = st.integers(2, 3).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(-(10**17), 10**17), min_size=width, max_size=width),
        min_size=1, max_size=12,
    )
)  # fmt: skip


@given(ROWS, st.sampled_from([" ", ",", "\t", " ,\t "]), st.sampled_from(["\n", "\r\n", "\r"]),
       st.integers(0, 2), st.booleans())  # fmt: skip
def test_numbers_are_those_of_a_plain_parse_and_lines_those_of_the_file(
    rows, separator, ending, num_blank, is_padded
):
    pad = "  " if is_padded else ""
    blank = [pad] * num_blank
    lines = [line for row in rows for line in (*blank, pad + separator.join(map(str, row)) + pad)]
    text = plain_text(ending.join(lines).encode())
    read = rows_of_text(text, "u", MEANINGS)
    assert read.values.tolist() == rows
    is_last = np.arange(len(rows)) == len(rows) - 1
    with pytest.raises(InputError, match=rf"u: wrong on line {len(rows) * (num_blank + 1)}; "):
        read.refuse(is_last, "wrong", "right")
    read.refuse(np.zeros(len(rows), bool), "wrong", "right")


def test_small_numbers_take_half_the_memory():
    assert rows_of_text(b"1 2\n", "u", MEANINGS).values.dtype == np.int32
    assert rows_of_text(b"1 3000000000\n", "u", MEANINGS).values.dtype == np.int64


def test_the_first_line_that_is_not_blank():
    assert first_line(b"\n  \n a b \nc") == b"a b"
    assert first_line(b"\n \n") == b""
    assert plain_text(b"\xef\xbb\xbfa\r\nb\rc") == b"a\nb\nc"
