"""From pieces to one `.npz`: three passes over them, row group by row group.

The memory that it takes does not depend on how many triplets there are.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from alignet_ray.generation.conversion.names import longest
from alignet_ray.generation.conversion.npz import npz_writer
from alignet_ray.generation.conversion.pieces import named, read_names, read_piece
from alignet_ray.records.store import Folder
from alignet_ray.stages.progress import Advance


def write_npz(path: Path, work: Folder, pieces: list[tuple[int, int]], advance: Advance) -> None:
    """Write the three arrays; `pieces` are (shard, rows), and each array passes over them once."""
    total = sum(num_rows for _, num_rows in pieces)
    width = max(longest(read_names(work, shard)[1]) for shard, _ in pieces)
    text = np.dtype(f"<U{max(1, width)}")

    def filenames() -> Iterator[Shaped[np.ndarray, "rows 3"]]:
        for shard, num_rows in pieces:
            image_ids, names = read_names(work, shard)
            fixed = np.array(names.to_pylist(), text)
            for ids, _ in read_piece(work, shard, num_rows):
                advance(len(ids))
                yield named(ids, image_ids, fixed)

    def columns(which: int) -> Iterator[Shaped[np.ndarray, "rows 3"]]:
        for shard, num_rows in pieces:
            for arrays in read_piece(work, shard, num_rows):
                advance(len(arrays[which]))
                yield arrays[which]

    with npz_writer(path) as writer:
        writer.add("filenames", text, total, filenames())
        writer.add("similarities", np.dtype("<f4"), total, columns(1))
        writer.add("indices", np.dtype("<i8"), total, columns(0))
