"""Columns come back as they were; a file that is not whole is one RecordError."""

import contextlib
import errno
import io

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from alignet_ray.errors import RecordError, StorageError
from alignet_ray.records import parquet, storage_faults
from alignet_ray.records.parquet import (
    column_to_vectors,
    parquet_bytes,
    parse_parquet,
    read_parquet,
    vectors_to_column,
)
from alignet_ray.records.store import Folder

VECTORS = np.random.default_rng(0).normal(size=(25, 7)).astype(np.float32)


@pytest.fixture(scope="module")
def data():
    table = pa.table({"row": range(25), "vector": vectors_to_column(VECTORS)})
    return parquet_bytes(table, 10)


def test_rows_and_columns_come_back(root, data):
    root.write("a.parquet", data)
    table = read_parquet(root, "a.parquet", ("vector", "row"))
    assert table.column_names == ["vector", "row"]
    np.testing.assert_array_equal(column_to_vectors(table.column("vector")), VECTORS)


def test_row_groups_are_read_alone_and_in_the_order_asked(root, data):
    root.write("a.parquet", data)
    rows = read_parquet(root, "a.parquet", ("row",), [2, 0]).column("row").to_pylist()
    assert rows == [*range(20, 25), *range(10)]


def test_the_same_table_gives_the_same_bytes(data):
    table = pa.table({"row": range(25), "vector": vectors_to_column(VECTORS)})
    assert parquet_bytes(table, 10) == data


@pytest.mark.parametrize("share", [0, 0.3, 0.7, 0.99])
def test_a_truncated_file_is_a_record_error(root, data, share):
    root.write("a.parquet", data[: int(share * len(data))])
    with pytest.raises(
        RecordError, match=r"a.parquet: unreadable Parquet .*; expected a whole file"
    ):
        read_parquet(root, "a.parquet", ("row", "vector"))


def test_every_altered_byte_of_the_pages_is_found_or_harmless(local_root, data):
    whole = read_parquet_of(local_root, data)
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    for position in np.random.default_rng(1).permutation(footer)[:150].tolist():
        altered = bytearray(data)
        altered[position] ^= 0xFF
        try:
            assert read_parquet_of(local_root, bytes(altered)).equals(whole)
        except RecordError:
            continue


def test_every_altered_byte_of_the_footer_raises_nothing_but_a_record_error(local_root, data):
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    for position in np.random.default_rng(2).integers(footer, len(data), size=150).tolist():
        altered = bytearray(data)
        altered[position] ^= 0xFF
        with contextlib.suppress(RecordError):
            read_parquet_of(local_root, bytes(altered))


def read_parquet_of(folder, data):
    folder.write("a.parquet", data)
    return read_parquet(folder, "a.parquet", ("row", "vector"))


def test_altered_values_are_found(local_root, data):
    position = data.index(VECTORS[3].tobytes()) + 5
    altered = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
    with pytest.raises(RecordError, match="unreadable Parquet"):
        read_parquet_of(local_root, altered)


def test_a_missing_file_says_what_writes_it(root):
    with pytest.raises(RecordError, match=r"none.parquet: missing; .*Run the job that writes it"):
        read_parquet(root, "none.parquet", ("row",))


@pytest.mark.parametrize(("columns", "groups"), [(("absent",), None), (("row",), [9])])
def test_a_file_with_another_layout_is_a_record_error(root, data, columns, groups):
    root.write("a.parquet", data)
    with pytest.raises(RecordError, match="unreadable Parquet"):
        read_parquet(root, "a.parquet", columns, groups)


class CountingFileSystem(MemoryFileSystem):
    """Remembers what was asked of it."""

    protocol = "counting"
    store = {}  # noqa: RUF012
    pseudo_dirs = [""]  # noqa: RUF012
    cachable = False
    asked = []  # noqa: RUF012

    def info(self, path, **kwargs):
        self.asked.append("info")
        return super().info(path, **kwargs)

    def cat_file(self, path, start=None, end=None, **kwargs):
        data = super().cat_file(path, start=start, end=end, **kwargs)
        self.asked.append(len(data))
        return data


@pytest.fixture
def counting():
    fsspec.register_implementation("counting", CountingFileSystem, clobber=True)
    CountingFileSystem.asked.clear()
    return Folder.at("counting://run")


def test_of_a_large_file_only_the_footer_and_the_columns_asked_for_are_read(counting):
    large = np.zeros((4096, 200), np.float32)
    table = pa.table(
        {"row": range(4096), "number": range(4096), "vector": vectors_to_column(large)}
    )
    counting.write("a.parquet", parquet_bytes(table, 1024))
    size = counting.size("a.parquet")
    CountingFileSystem.asked.clear()
    found = read_parquet(counting, "a.parquet", ("row", "number"), [2], num_bytes=size)
    assert found.column("row").to_pylist() == list(range(2048, 3072))
    footer, columns = CountingFileSystem.asked  # neither metadata nor a third request
    assert footer <= 64 << 10
    assert columns < 2 * 1024 * 8 * 1.1


def test_a_small_file_is_one_request(counting, data):
    counting.write("a.parquet", data)
    CountingFileSystem.asked.clear()
    read_parquet(counting, "a.parquet", ("row",), [1], num_bytes=len(data))
    assert CountingFileSystem.asked == [len(data)]


class FadingFileSystem(MemoryFileSystem):
    """A transport that cannot read a file as often as it was told to."""

    protocol = "fading"
    store = {}  # noqa: RUF012
    pseudo_dirs = [""]  # noqa: RUF012
    cachable = False
    faults_left = 0

    def cat_file(self, path, **kwargs):
        if type(self).faults_left > 0:
            type(self).faults_left -= 1
            raise OSError(errno.ECONNRESET, "reset")
        return super().cat_file(path, **kwargs)


@pytest.mark.parametrize("whole_bytes", [0, 1 << 20])
@pytest.mark.parametrize("num_faults", [2, 1000])
def test_a_fault_of_the_network_is_no_broken_file(data, num_faults, whole_bytes, monkeypatch):
    monkeypatch.setattr(parquet, "WHOLE_BYTES", whole_bytes)
    fsspec.register_implementation("fading", FadingFileSystem, clobber=True)
    monkeypatch.setattr(storage_faults, "_FIRST_WAIT_SECONDS", 0.001)
    folder = Folder.at("fading://run")
    folder.write("a.parquet", data)
    monkeypatch.setattr(FadingFileSystem, "faults_left", num_faults)
    if num_faults == 2:
        assert read_parquet(folder, "a.parquet", ("row",)).num_rows == 25
    else:
        with pytest.raises(StorageError, match="reset"):
            read_parquet(folder, "a.parquet", ("row",))


def test_images_are_neither_compressed_nor_put_in_a_dictionary(data):
    meta = pq.ParquetFile(pa.BufferReader(data)).metadata.row_group(0).column(0)
    assert meta.compression == "UNCOMPRESSED"
    assert "RLE_DICTIONARY" not in meta.encodings


def test_bytes_are_parsed_to_the_table_and_its_row_groups():
    table = pa.table({"a": range(10)})
    found, groups = parse_parquet(parquet_bytes(table, 4), "there")
    assert found.equals(table)
    assert groups == [4, 4, 2]
    with pytest.raises(RecordError, match="there: unreadable Parquet"):
        parse_parquet(parquet_bytes(table, 4)[:-9], "there")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"compression": "zstd", "use_dictionary": False}, "ZSTD"),
        ({"compression": "none", "use_dictionary": True}, "RLE_DICTIONARY"),
        (
            {
                "compression": "none",
                "use_dictionary": False,
                "column_encoding": {"a": "DELTA_BYTE_ARRAY"},
            },
            "DELTA_BYTE_ARRAY",
        ),
    ],
)
def test_packed_pages_that_no_job_writes_are_refused_unread(root, arguments, said):
    stream = io.BytesIO()
    pq.write_table(pa.table({"a": ["x" * 100] * 10}), stream, **arguments)
    root.write("a.parquet", stream.getvalue())
    with pytest.raises(RecordError, match=f"column a is packed: .*{said}"):
        read_parquet(root, "a.parquet", ("a",))
    with pytest.raises(RecordError, match="column a is packed"):
        parse_parquet(stream.getvalue(), "a.parquet")


def test_a_column_of_another_type_is_no_column_of_vectors():
    with pytest.raises(RecordError, match="a column of string; expected vectors"):
        column_to_vectors(pa.chunked_array([["a"]]))
