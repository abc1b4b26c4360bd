"""Rows of a part in the order asked, from the row groups that hold them."""

import pyarrow as pa
import pytest

from alignet_ray.records.parquet import parquet_bytes
from alignet_ray.records.part_rows import read_part_rows
from alignet_ray.records.parts import PartLayout, part_name


@pytest.mark.parametrize("rows", [[0], [21, 3, 9], [7, 8, 15, 16], list(range(22))])
def test_rows_come_in_the_order_asked(root, rows):
    table = pa.table({"a": list(range(22)), "b": [str(i) for i in range(22)]})
    root.write(part_name(2), parquet_bytes(table, 8))
    layout = PartLayout(num_rows=100, part_rows=24, row_group_rows=8)
    found = read_part_rows(root, layout, 2, rows, ("b",))
    assert found.to_pydict() == {"b": [str(row) for row in rows]}
