"""Parquet bytes with one layout: fixed row groups, no dictionary, no compression of images.

Written to memory and put in place by `store`, so that a part is never half there.
"""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float

from alignet_ray.errors import RecordError, StorageError
from alignet_ray.records.ranged_file import WHOLE_BYTES, RangedFile
from alignet_ray.records.store import Folder

_PLAIN = frozenset({"PLAIN", "RLE", "BIT_PACKED"})
"""RLE and BIT_PACKED are how Parquet tells which values are null, and where lists end."""


def parquet_bytes(table: pa.Table, row_group_rows: int) -> bytes:
    """The table as one Parquet file with row groups of exactly `row_group_rows` (last shorter)."""
    sink = io.BytesIO()
    pq.write_table(
        table,
        sink,
        row_group_size=row_group_rows,
        compression="none",
        use_dictionary=False,
        write_page_checksum=True,
    )
    return sink.getvalue()


def read_parquet(
    folder: Folder,
    name: str,
    columns: Sequence[str],
    row_groups: Sequence[int] | None = None,
    num_bytes: int | None = None,
) -> pa.Table:
    """Some columns, and only some row groups where given, of one file.

    `num_bytes`: the file's size where the caller knows it, which saves an object store's requests
    for metadata. Raises RecordError for a file that is absent or broken.
    """
    place = folder.place(name)
    try:
        size = folder.size(name) if num_bytes is None or folder.is_local else num_bytes
        if folder.is_local:
            return _read_from(folder.path(name), place, columns, row_groups)
        if size <= WHOLE_BYTES:
            source = pa.BufferReader(folder.read(name))
            return _read_from(source, place, columns, row_groups)
        ranged = RangedFile(folder, name, size)
        try:
            source = pa.PythonFile(ranged, mode="r")
            return _read_from(source, place, columns, row_groups)
        except RecordError:
            if ranged.fault is not None:
                raise ranged.fault  # noqa: B904  # its own cause says whether the file is absent
            raise
    except StorageError as error:
        if not isinstance(error.__cause__, (FileNotFoundError, NotADirectoryError)):
            raise
        raise RecordError(
            "missing", "a Parquet file", place, "Run the job that writes it again."
        ) from error


def _read_from(
    source: Any, place: str, columns: Sequence[str], row_groups: Sequence[int] | None
) -> pa.Table:
    try:
        opened = pq.ParquetFile(source, pre_buffer=True, page_checksum_verification=True)
        groups = range(opened.num_row_groups) if row_groups is None else row_groups
        return _read_row_groups(opened, groups, columns)
    except (pa.ArrowException, OSError, LookupError, ValueError) as error:
        raise RecordError(
            f"unreadable Parquet ({error})", "a whole file", place,
            "Delete it and its sidecar and run again.",
        ) from error  # fmt: skip


def parse_parquet(data: bytes, place: str) -> tuple[pa.Table, list[int]]:
    """The whole table of a file's bytes, page checksums verified, and each row group's rows."""
    try:
        source = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
        groups = range(source.num_row_groups)
        _refuse_packed(source.metadata, groups, frozenset(source.schema_arrow.names))
        return source.read(), [source.metadata.row_group(group).num_rows for group in groups]
    except (pa.ArrowException, OSError, LookupError, ValueError) as error:
        raise RecordError(f"unreadable Parquet ({error})", "a whole file", place) from error


def _read_row_groups(
    source: pq.ParquetFile, row_groups: Sequence[int], columns: Sequence[str]
) -> pa.Table:
    """Row groups one by one: read at once, images are copied over and over into larger buffers."""
    if not row_groups:
        return source.schema_arrow.empty_table().select(columns)
    _refuse_packed(source.metadata, row_groups, frozenset(columns))
    tables = [source.read_row_group(group, columns=list(columns)) for group in row_groups]
    return pa.concat_tables(tables).select(columns)


def _refuse_packed(
    metadata: pq.FileMetaData, row_groups: Sequence[int], columns: frozenset[str]
) -> None:
    """Raise ValueError for what `parquet_bytes` does not write, and a bomb is made of: pages that
    are compressed, or that codes stand in for.
    """
    for group in row_groups:
        rows = metadata.row_group(group)
        for place in range(rows.num_columns):
            column = rows.column(place)
            if column.path_in_schema.partition(".")[0] not in columns:
                continue
            if column.compression != "UNCOMPRESSED" or not _PLAIN.issuperset(column.encodings):
                kinds = ", ".join(sorted({column.compression, *column.encodings}))
                raise ValueError(f"column {column.path_in_schema} is packed: {kinds}")


def vectors_to_column(vectors: Float[np.ndarray, "rows dim"]) -> pa.Array:
    """float32 vectors as a fixed-size-list column."""
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])


def column_to_vectors(column: pa.ChunkedArray) -> Float[np.ndarray, "rows dim"]:
    """Back to a float32 matrix, without copying where the column is one chunk."""
    combined = column.combine_chunks()
    if isinstance(combined, pa.ChunkedArray):
        combined = pa.concat_arrays(combined.chunks)
    if not pa.types.is_fixed_size_list(combined.type):
        raise RecordError(
            f"a column of {combined.type}", "vectors of one length", "",
            "Verify the run: jobs/verify.py.",
        )  # fmt: skip
    dim = combined.type.list_size
    return combined.flatten().to_numpy(zero_copy_only=False).reshape(-1, dim)
