"""Arrays of numbers out of a MATLAB file (version 7 or before), without trust in what it promises.

Only variables that are matrices of numbers are read: cells, structs and functions are passed over
unseen, whatever is nested in them. How far the compressed ones grow is measured before, piece by
piece, and a shape larger than that is refused.
"""

import io
import math
import zlib
from collections.abc import Iterator

import numpy as np
import scipy.io
from jaxtyping import Shaped

from alignet_ray.errors import InputError
from alignet_ray.records.inflation import most_bytes, refuse_inflated

_CLASSES = frozenset(
    {"double", "single", "logical"} | {f"{sign}int{bits}" for sign in ("", "u")
                                       for bits in (8, 16, 32, 64)}
)  # fmt: skip
_HEADER_BYTES, _TAG_BYTES, _PIECE_BYTES = 128, 8, 1 << 20
_COMPRESSED = 15
_NUMBER_BYTES = 8
_REMEDY = "Save the matrix alone in MATLAB: save(name, 'variable', '-v7')."


def parse_mat(data: bytes, url: str) -> dict[str, Shaped[np.ndarray, "..."]]:
    """The arrays of more than one number, by name. Raises InputError for what is no such file."""
    try:
        for grown in _unpacked_bytes(data):
            refuse_inflated(grown, len(data), url)
        listed = scipy.io.whosmat(io.BytesIO(data))
        wanted = {name: math.prod(shape) for name, shape, kind in listed if kind in _CLASSES}
        refuse_inflated(_NUMBER_BYTES * sum(wanted.values()), len(data), url)
        names = [name for name, size in wanted.items() if size > 1]
        content = scipy.io.loadmat(io.BytesIO(data), variable_names=names) if names else {}
    except NotImplementedError as error:
        raise InputError("a .mat file of version 7.3", "version 7", url, _REMEDY) from error
    except InputError:
        raise
    except Exception as error:  # its reader promises no closed set of errors
        text = str(error) or type(error).__name__
        raise InputError(f"unreadable ({text})", "a .mat file", url, _REMEDY) from error
    return {name: content[name] for name in names}


def _unpacked_bytes(data: bytes) -> Iterator[int]:
    """How large the file's compressed variables are so far; stops where that is far too large."""
    if 0 in data[:4]:
        return  # version 4 compresses nothing
    order = "big" if data[126:128] == b"MI" else "little"
    place, grown = _HEADER_BYTES, 0
    while place + _TAG_BYTES <= len(data):
        kind = int.from_bytes(data[place : place + 4], order)
        size = int.from_bytes(data[place + 4 : place + _TAG_BYTES], order)
        place += _TAG_BYTES
        if size > len(data) - place:
            raise ValueError(f"a variable of {size:,} bytes where {len(data) - place:,} are left")
        packed = data[place : place + size]
        unpacker = zlib.decompressobj()
        while kind == _COMPRESSED and packed and not unpacker.eof:
            grown += len(unpacker.decompress(packed, _PIECE_BYTES))
            packed = unpacker.unconsumed_tail
            if grown > most_bytes(len(data)):
                break
        yield grown
        place += size
