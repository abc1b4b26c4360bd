"""Parquet tables that others made, without trust in how much they say that they hold.

A few hundred bytes can stand for gigabytes: a text of a megabyte that a million rows repeat, pages
of zeros, columns of nothing. What the footer tells is looked at before a page is read; texts are
read as codes of a dictionary and counted before they are written out.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from alignet_ray.records.inflation import refuse_inflated

_TEXT = "BYTE_ARRAY"
_VALUE_BYTES = 8


def column_names(data: bytes) -> list[str]:
    """The top columns of a table. Raises pyarrow's errors where it is none."""
    return pq.ParquetFile(pa.BufferReader(data)).schema_arrow.names


def read_given_parquet(data: bytes, columns: Sequence[str], url: str) -> pa.Table:
    """Those columns; texts come as dictionaries.

    Raises InputError for a table that would be far larger than its file, and pyarrow's errors
    for what is no table.
    """
    schema = pq.read_schema(pa.BufferReader(data))
    texts = [f.name for f in schema if f.name in columns and _is_text(f.type)]
    source = pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts)
    wanted = [f.name for f in schema if f.name in columns]
    refuse_inflated(_told_bytes(source.metadata, frozenset(wanted)), len(data), url)
    table = source.read(columns=wanted)
    refuse_inflated(sum(_written_out(column) for column in table.columns), len(data), url)
    return table


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column with its dictionary, if it has one, written out."""
    is_coded = pa.types.is_dictionary(column.type)
    return column.cast(column.type.value_type) if is_coded else column


def _is_text(kind: pa.DataType) -> bool:
    return (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def _told_bytes(metadata: pq.FileMetaData, wanted: frozenset[str]) -> int:
    """Bytes of the wanted columns, as the footer tells them; a value counts as eight at least.

    Raises ValueError for texts inside lists, which could repeat one without being told.
    """
    total = 0
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group)
        for place in range(rows.num_columns):
            column = rows.column(place)
            path = column.path_in_schema.split(".")
            if not wanted.isdisjoint({path[0], column.path_in_schema}):
                if column.physical_type == _TEXT and len(path) > 1:
                    raise ValueError(f"texts inside the lists of column {path[0]}")
                total += max(column.total_uncompressed_size, _VALUE_BYTES * column.num_values)
    return total


def _written_out(column: pa.ChunkedArray) -> int:
    """Bytes of the column once every row has its own text."""
    if not pa.types.is_dictionary(column.type):
        return column.nbytes
    total = 0
    for chunk in column.chunks:
        # `pyarrow.compute` makes its functions at import, so that no checker knows them by name.
        lengths = pc.call_function("binary_length", [chunk.dictionary]).take(chunk.indices)
        total += pc.call_function("sum", [lengths.cast(pa.int64())]).as_py() or 0
    return total
