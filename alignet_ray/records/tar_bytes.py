"""The bytes around a shard's images: tar headers as `tarfile` and arrays as `numpy` write them.

A shard has tens of thousands of both, and asking the libraries for each would take longer than
copying the images: what never changes is asked for once.
"""

import io
import tarfile
from functools import cache

import numpy as np
from jaxtyping import Float32

TAR_BLOCK = 512

_NAME_BYTES = 100
_SIZE = slice(124, 135)
_CHECKSUM = slice(148, 154)
_CHECKSUM_FIELD = slice(148, 156)


def _by_tarfile(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o644, 0
    return info.tobuf(tarfile.USTAR_FORMAT)


_BLANK = _by_tarfile("", 0)
# In its own sum the checksum counts as spaces.
_BLANK_SUM = sum(_BLANK) - sum(_BLANK[_SIZE]) - sum(_BLANK[_CHECKSUM_FIELD]) + 8 * ord(" ")


def tar_header(name: str, size: int) -> bytes:
    """Header of a file of nobody, mode 644, time 0: only name, size and checksum differ.

    Raises ValueError where the name or the size does not fit a USTAR header.
    """
    encoded, digits = name.encode(), b"%011o" % size
    if len(encoded) > _NAME_BYTES or len(digits) > _SIZE.stop - _SIZE.start:
        return _by_tarfile(name, size)
    checksum = b"%06o" % (_BLANK_SUM + sum(encoded) + sum(digits))
    return (
        encoded.ljust(_NAME_BYTES, b"\0")
        + _BLANK[_NAME_BYTES : _SIZE.start]
        + digits
        + _BLANK[_SIZE.stop : _CHECKSUM.start]
        + checksum
        + _BLANK[_CHECKSUM.stop :]
    )


@cache
def _npy_header(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    layout = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, layout)
    return stream.getvalue()


def npy_bytes(array: Float32[np.ndarray, "..."]) -> bytes:
    """The array as a `.npy` file, version 1.0, row by row."""
    return _npy_header(array.shape) + array.astype("<f4", copy=False).tobytes("C")
