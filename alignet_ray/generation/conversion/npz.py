"""Writing an `.npz` of (n, 3) arrays of any length as a stream of rows, with the same bytes always.

NumPy's own writer wants whole arrays in memory and stamps the time.
"""

import contextlib
import zipfile
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

_EARLIEST = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_ORDINARY_FILE = 0o644 << 16


class NpzWriter:
    """Puts arrays into the zip one after the other, stored and not compressed."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def add(
        self, name: str, dtype: np.dtype, num_rows: int, chunks: Iterator[Shaped[np.ndarray, "_ 3"]]
    ) -> None:
        """Append the array `name` of `num_rows` rows that come in chunks."""
        member = zipfile.ZipInfo(f"{name}.npy", _EARLIEST)
        member.create_system, member.external_attr = _UNIX, _ORDINARY_FILE
        header = {
            "descr": np.lib.format.dtype_to_descr(dtype),
            "fortran_order": False,
            "shape": (num_rows, 3),
        }
        written = 0
        with self._archive.open(member, "w", force_zip64=True) as stream:
            np.lib.format.write_array_header_1_0(stream, header)
            for chunk in chunks:
                stream.write(np.ascontiguousarray(chunk, dtype).tobytes())
                written += len(chunk)
        assert written == num_rows


@contextlib.contextmanager
def npz_writer(path: Path) -> Generator[NpzWriter]:
    """A writer of a new local file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        yield NpzWriter(archive)
