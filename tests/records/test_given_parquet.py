"""Tables of others are read whole, or refused before they fill the memory."""

import io
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alignet_ray.errors import InputError
from alignet_ray.records.given_parquet import column_names, plain, read_given_parquet

PLAIN_ZSTD = {"compression": "zstd", "use_dictionary": False, "write_statistics": False}


def packed(columns, **arguments):
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream, **arguments)
    return stream.getvalue()


def read(data, *names):
    return read_given_parquet(data, names, "a.parquet")


@pytest.mark.parametrize("use_dictionary", [True, False])
def test_the_named_columns_come_back(use_dictionary):
    columns = {
        "text": ["a", None, "ü", "a"], "number": [1, 2, 3, None], "bytes": [b"\0", b"", None, b"x"],
        "vectors": [[1.0, 2.0], None, [], [3.0]], "other": [1, 2, 3, 4],
    }  # fmt: skip
    data = packed(columns, use_dictionary=use_dictionary)
    assert column_names(data) == list(columns)
    table = read(data, "vectors", "text", "number", "bytes", "absent")
    found = {name: plain(table.column(name)).to_pylist() for name in table.column_names}
    assert found == {name: values for name, values in columns.items() if name != "other"}


def repeated(num_rows, length):
    codes = pa.array(np.zeros(num_rows, np.int32))
    return pa.DictionaryArray.from_arrays(codes, pa.array(["x" * length]))


def blank_texts(num_bytes):
    """Texts of a megabyte of nothing, none of which is read twice."""
    ends = np.arange(0, num_bytes + 1, 1 << 20, dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(bytes(num_bytes))]
    return pa.Array.from_buffers(pa.binary(), len(ends) - 1, buffers)


@pytest.mark.parametrize(
    ("columns", "arguments"),
    [
        ({"a": repeated(1_000_000, 1_000)}, {}),
        ({"a": blank_texts(280 << 20)}, PLAIN_ZSTD),
        ({"a": pa.nulls(40_000_000, pa.string())}, {}),
        ({"a": pa.array(np.zeros(40_000_000, np.int8))}, {}),
    ],
    ids=["one text in all rows", "a page of zeros", "nothing in all rows", "one number in all"],
)
def test_a_table_far_larger_than_its_file_is_refused_unread(columns, arguments):
    data = packed(columns, **arguments)
    assert len(data) < 1 << 19
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    with pytest.raises(InputError, match=r"^a.parquet: [\d,]+ bytes packed into [\d,]+; expected"):
        read(data, "a")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
    assert pa.total_allocated_bytes() - before < 64 << 20


def test_a_column_that_is_not_asked_for_costs_nothing():
    data = packed({"a": [1] * 1_000_000, "b": repeated(1_000_000, 1_000)})
    assert read(data, "a").num_rows == 1_000_000


def test_texts_inside_lists_are_refused():
    with pytest.raises(ValueError, match="texts inside the lists of column a"):
        read(packed({"a": [["x"]]}), "a")
