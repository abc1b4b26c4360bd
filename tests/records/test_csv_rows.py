"""Small CSV tables: what is read, and what is refused in one line."""

import pytest

from alignet_ray.errors import InputError
from alignet_ray.records.csv_rows import csv_rows


def test_chosen_columns_are_read_from_commas_and_tabs(tmp_path):
    for separator in ",\t":
        path = tmp_path / "table.csv"
        path.write_bytes(b"\xef\xbb\xbf" + f"b{separator}a\r\n1{separator} x \r\n".encode())
        assert csv_rows(str(path), ("a", "b")) == [{"a": "x", "b": "1"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "no column a, b; expected a table with columns a, b. The file is empty"),
        (b"a,c\n1,2\n", "no column b"),
        (b"a,b\n", "no rows"),
        (b"a,b\n1,2\n3,\n", "an empty field in row 2"),
        (b"a,b\n1\n", "an empty field in row 1"),
        (b"a,b\n\xff,2\n", "unreadable"),
    ],
)
def test_what_is_no_such_table_is_refused(tmp_path, text, said):
    path = tmp_path / "table.csv"
    path.write_bytes(text)
    with pytest.raises(InputError, match=said):
        csv_rows(str(path), ("a", "b"))
