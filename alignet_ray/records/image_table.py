"""The image table: per listing row the stored image, its size, the teacher's raw embedding.

A row whose bytes were read whole and do not decode keeps its place with a reject reason and no
image and no embedding.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float

from alignet_ray.records.parquet import column_to_vectors, vectors_to_column

IMAGES_FOLDER = "images"


COLUMNS = (
    "image_id", "key", "label", "image", "extension", "width", "height",
    "embedding", "reject_reason",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class StoredImage:
    """One image as students will read it, or why there is none.

    `width` and `height` are those of the decoded original, in pixels.
    """

    image: bytes | None
    extension: str
    width: int
    height: int
    reject_reason: str | None


def image_table(
    listing: pa.Table,
    first_image_id: int,
    stored: list[StoredImage],
    embeddings: Float[np.ndarray, "rows dim"] | None,
) -> pa.Table:
    """The table of one part; embeddings of rejects are ignored and stored as null.

    Without embeddings (a run of triplets that somebody else labelled) the column is all null.
    """
    accepted = np.array([item.reject_reason is None for item in stored], dtype=bool)
    return pa.table(
        {
            "image_id": pa.array(range(first_image_id, first_image_id + len(stored)), pa.int64()),
            "key": listing.column("key").combine_chunks(),
            "label": listing.column("label").combine_chunks(),
            "image": pa.array([item.image for item in stored], pa.binary()),
            "extension": pa.array([item.extension for item in stored], pa.string()),
            "width": pa.array([item.width for item in stored], pa.int32()),
            "height": pa.array([item.height for item in stored], pa.int32()),
            "embedding": _nullable_vectors(embeddings, accepted)
            if embeddings is not None
            else pa.nulls(len(stored), pa.list_(pa.float32())),
            "reject_reason": pa.array([item.reject_reason for item in stored], pa.string()),
        }
    ).select(list(COLUMNS))


def _nullable_vectors(
    vectors: Float[np.ndarray, "rows dim"], is_valid: Bool[np.ndarray, "rows"]
) -> pa.Array:
    column = vectors_to_column(np.where(is_valid[:, None], vectors, np.float32(0)))
    bitmap = pa.py_buffer(np.packbits(is_valid, bitorder="little").tobytes())
    return pa.Array.from_buffers(column.type, len(is_valid), [bitmap], children=[column.flatten()])


def accepted_rows(table: pa.Table) -> Bool[np.ndarray, "rows"]:
    """Rows that are no rejects."""
    return np.asarray(table.column("reject_reason").is_null())


def embeddings(table: pa.Table) -> Float[np.ndarray, "rows dim"]:
    """Raw embeddings, float32; rows of rejects are zero."""
    column = table.column("embedding").combine_chunks()
    # Parquet keeps no values below a null, so what lies there after reading is anything.
    filled = pa.FixedSizeListArray.from_arrays(column.values, column.type.list_size)
    vectors = column_to_vectors(pa.chunked_array([filled]))
    is_valid = np.asarray(column.is_valid())
    return np.where(is_valid[:, None], vectors, np.float32(0))
