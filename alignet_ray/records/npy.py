"""The bytes of a .npy file as an array, without trust in what its header promises.

`np.load` makes room for the promised shape before it reads: some ninety bytes ask for terabytes.
"""

import io
import math
import threading

import numpy as np
from jaxtyping import Shaped

_ONE_HEADER = threading.Lock()
"""numpy reads an array's header by `ast.literal_eval`, which Python 3.11 fails at in two threads
now and then ("recursion depth mismatch").
"""
_VERSIONS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def parse_npy(data: bytes) -> Shaped[np.ndarray, "..."]:
    """The array. Raises ValueError for objects, a broken header, and fewer bytes than promised."""
    stream = io.BytesIO(data)
    shape, is_fortran, dtype = _read_header(stream)
    if dtype.hasobject:
        raise ValueError("Object arrays cannot be loaded when allow_pickle=False")
    if any(length < 0 for length in shape):
        raise ValueError(f"shape {shape}")
    there, promised = len(data) - stream.tell(), math.prod(shape) * dtype.itemsize
    if there < promised:
        raise ValueError(f"{there:,} bytes of numbers instead of {promised:,}")
    if not promised:
        return np.empty(shape, dtype)  # numpy itself refuses lengths beside a 0 that are too large
    flat = np.frombuffer(data, dtype, math.prod(shape), stream.tell())
    return flat.reshape(shape, order="F" if is_fortran else "C").copy(order="K")


def _read_header(stream: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(stream)
    if version not in _VERSIONS:
        raise ValueError(f"version {version[0]}.{version[1]} of the .npy format")
    try:
        with _ONE_HEADER:
            return _VERSIONS[version](stream)
    except Exception as error:  # a parser of Python's own syntax promises no closed set of errors
        raise ValueError(f"no header of an array ({error or type(error).__name__})") from error
