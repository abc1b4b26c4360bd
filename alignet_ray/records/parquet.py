"""Parquet bytes with one layout: fixed row groups, no dictionary, no compression of images.

Written to memory and put in place by `store`, so that a part is never half there.
"""

import io
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float

from alignet_ray.errors import RecordError
from alignet_ray.records.store import Folder, with_retries


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
    folder: Folder, name: str, columns: Sequence[str], row_groups: Sequence[int] | None = None
) -> pa.Table:
    """Some columns, and only some row groups where given, of one file."""
    place = folder.place(name)
    if not folder.exists(name):
        raise RecordError("missing", "a Parquet file", place, "Run the job that writes it again.")

    def read() -> pa.Table:
        try:
            with folder.file_system.open(folder.path(name), "rb") as stream:
                source = pq.ParquetFile(stream, page_checksum_verification=True)
                groups = range(source.num_row_groups) if row_groups is None else row_groups
                return source.read_row_groups(list(groups), columns=list(columns)).select(columns)
        except (pa.ArrowException, OSError, LookupError, ValueError) as error:
            if not _is_broken(error):
                raise
            raise RecordError(
                f"unreadable Parquet ({error})", "a whole file", place, "Delete it and run again."
            ) from error

    return with_retries(read, place)


def _is_broken(error: Exception) -> bool:
    """Whether a fault lies in the file: Arrow says so by OSErrors without a number, too."""
    return not isinstance(error, OSError) or (type(error) is OSError and error.errno is None)


def vectors_to_column(vectors: Float[np.ndarray, "rows dim"]) -> pa.Array:
    """float32 vectors as a fixed-size-list column."""
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])


def column_to_vectors(column: pa.ChunkedArray) -> Float[np.ndarray, "rows dim"]:
    """Back to a float32 matrix, without copying where the column is one chunk."""
    combined = column.combine_chunks()
    if isinstance(combined, pa.ChunkedArray):
        combined = pa.concat_arrays(combined.chunks)
    dim = combined.type.list_size
    return combined.flatten().to_numpy(zero_copy_only=False).reshape(-1, dim)
