"""From the names in released triplets to images: by base name, or by key where there is a slash.

The released names have no folder, and the same images lie in folders of many shapes; where a
folder is given it must be the key's own.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from jaxtyping import Bool, Int, Shaped

from alignet_ray.errors import InputError

# Arrow makes its functions at run time, so no checker knows them.
pc: Any = pyarrow.compute

MISSING = -1
_FOLDERS = "(?s)^.*/"


@dataclass(frozen=True, kw_only=True)
class NameTable:
    """Images by key and by base name; an image's row is its place in the given keys."""

    keys: pa.Array
    base_names: pa.Array
    first_rows: Int[np.ndarray, "base_names"]
    is_shared: Bool[np.ndarray, "base_names"]

    @property
    def num_images(self) -> int:
        """Images in all."""
        return len(self.keys)

    @staticmethod
    def of(keys: pa.ChunkedArray) -> "NameTable":
        """The table of the images with these keys, which are unique."""
        combined = _combined(keys)
        encoded = base_names(combined).dictionary_encode()
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        _, first_rows, counts = np.unique(codes, return_index=True, return_counts=True)
        return NameTable(
            keys=combined,
            base_names=encoded.dictionary,
            first_rows=first_rows.astype(np.int64),
            is_shared=counts > 1,
        )

    def find(self, names: pa.Array) -> tuple[Int[np.ndarray, "names"], Bool[np.ndarray, "names"]]:
        """Each name's image (-1: there is none), and whether it is one of several."""
        places = _places(names, self.base_names)
        is_there = places >= 0
        rows = np.where(is_there, self.first_rows[places], MISSING)
        is_ambiguous = is_there & self.is_shared[places]
        has_folder = pc.match_substring(names, "/")
        if pc.any(has_folder).as_py():
            by_key = has_folder.to_numpy(zero_copy_only=False)
            rows[by_key] = _places(names.filter(has_folder), self.keys)
            is_ambiguous &= ~by_key
        return rows, is_ambiguous


def _combined(keys: pa.ChunkedArray) -> pa.Array:
    """One array, with 64-bit offsets: all keys may be longer than 2 GiB."""
    return pa.concat_arrays(keys.cast(pa.large_string()).chunks)


def base_names(keys: pa.Array) -> pa.Array:
    """Keys without their folders."""
    return pc.replace_substring_regex(keys, _FOLDERS, "")


def repeated_base_name(keys: pa.ChunkedArray) -> str | None:
    """The first base name that several keys have, in rising order; None where there is none."""
    counted = pc.value_counts(base_names(_combined(keys)))
    shared = counted.filter(pc.greater(counted.field("counts"), 1)).field("values")
    return pc.min(shared).as_py()


def longest(names: pa.ChunkedArray) -> int:
    """Characters of the longest name."""
    return pc.max(pc.utf8_length(names)).as_py()


def _places(names: pa.Array, values: pa.Array) -> Int[np.ndarray, "names"]:
    found = pc.index_in(names, value_set=values)
    return pc.fill_null(found, MISSING).to_numpy().astype(np.int64)


def as_strings(names: Shaped[np.ndarray, "rows 3"], place: str) -> pa.Array:
    """NumPy's fixed-width unicode or bytes, row after row, as Arrow strings."""
    flat = names.reshape(-1)
    try:
        if names.dtype.kind == "S":
            return pa.array(flat, pa.large_binary()).cast(pa.large_string())
        return pa.array(flat, pa.large_string())
    except (UnicodeDecodeError, pa.ArrowInvalid) as error:
        raise InputError(f"`filenames` are no text ({error})", "Unicode or UTF-8", place) from error
