"""Ready embeddings of named objects from files of others, matched by id.

.npz       `names` (text) and `embeddings` (a matrix)
.parquet   columns `key` and `embedding` (lists); a null embedding counts as missing
.npy       a matrix, its rows in the order of a names file
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Int, Shaped

from alignet_ray.errors import ConfigError, InputError
from alignet_ray.records.arrays import read_npy
from alignet_ray.records.given_parquet import column_names, plain, read_given_parquet
from alignet_ray.records.human import read_names, refuse_repeated
from alignet_ray.records.inflation import read_members
from alignet_ray.records.npy import parse_npy
from alignet_ray.records.store import read_url
from alignet_ray.records.wording import numbered, quoted

NPZ_NAMES, NPZ_EMBEDDINGS = "names", "embeddings"
PARQUET_COLUMNS = ("key", "embedding")

_NPZ_MEMBERS = (f"{NPZ_NAMES}.npy", f"{NPZ_EMBEDDINGS}.npy")
_NPZ_REMEDY = "Save it with np.savez(file, names=np.array(ids, dtype=str), embeddings=matrix)."

Matrix = Shaped[np.ndarray, "..."]


@dataclass(frozen=True, kw_only=True)
class _File:
    """A file's rows: their ids, their vectors, and the rows that have one."""

    ids: Sequence[str]
    matrix: Matrix
    present: Int[np.ndarray, "present"]


@dataclass(frozen=True, kw_only=True)
class ObjectVectors:
    """The vector of each object in the order of the names, and which objects have none."""

    object_ids: tuple[str, ...]
    vectors: Float32[np.ndarray, "objects dim"]
    missing: tuple[str, ...]


class NoCommonObject(InputError):
    """A file of embeddings has none of the objects."""


def read_object_vectors(
    url: str, names: Sequence[str], own_names: str | None = None
) -> ObjectVectors:
    """The embeddings of the named objects; those of other objects are left alone.

    Raises InputError where the file is not as its suffix promises or a vector is not finite, and
    NoCommonObject where none of its ids is a name.
    """
    suffix = url.lower().rpartition(".")[2]
    if suffix not in _READERS:
        raise InputError(
            f"suffix {suffix!r}",
            f"one of {', '.join('.' + known for known in _READERS)}",
            url,
            "Save the embeddings in one of these formats.",
        )
    if own_names is not None and suffix != "npy":
        raise ConfigError(
            f"given, but {url} holds its ids itself",
            "no names for it",
            "--embeddings-names",
            "Leave them out.",
        )
    read = _READERS[suffix](url, read_names(own_names) if own_names else names)
    refuse_repeated(read.ids, "row", url)
    row_of = {read.ids[row]: row for row in read.present.tolist()}
    found = tuple(name for name in names if name in row_of)
    if not found:
        raise NoCommonObject(
            f"no embedding of the {len(names)} objects, but of {quoted(read.ids)}",
            f"ids such as {quoted(names[:1])}", url, "Check its ids and the names file.",
        )  # fmt: skip
    return ObjectVectors(
        object_ids=found,
        vectors=_finite(read.matrix, [row_of[name] for name in found], found, url),
        missing=tuple(name for name in names if name not in row_of),
    )


def _finite(
    matrix: Matrix, rows: list[int], found: tuple[str, ...], url: str
) -> Float32[np.ndarray, "objects dim"]:
    # As float32 first: what is too large for it is infinite too.
    with np.errstate(over="ignore"):
        vectors = matrix[rows].astype(np.float32)
    wrong = np.flatnonzero(~np.logical_and.reduce(np.isfinite(vectors), axis=1))
    if len(wrong):
        listed = quoted(found[row] for row in wrong)
        raise InputError(
            f"NaN or infinity in {numbered('row', [rows[row] + 1 for row in wrong])}: {listed}",
            "finite numbers", url, "Embed these objects again, or leave them out.",
        )  # fmt: skip
    return vectors


def _from_npy(url: str, names: Sequence[str]) -> _File:
    matrix = read_npy(url, "a .npy matrix, one row for each name")
    _refuse_other_shape(matrix, len(names), url, "Give the ids of its rows as --embeddings-names.")
    return _File(ids=names, matrix=matrix, present=np.arange(len(names)))


def _from_npz(url: str, names: Sequence[str]) -> _File:
    expectation = f"a .npz file with {NPZ_NAMES} (text) and {NPZ_EMBEDDINGS} (numbers)"
    try:
        members = read_members(read_url(url), _NPZ_MEMBERS, url)
        ids, matrix = (parse_npy(member) for member in members)
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"unreadable ({error})", expectation, url, _NPZ_REMEDY) from error
    if ids.ndim != 1 or ids.dtype.kind != "U":
        what = f"{NPZ_NAMES} of type {ids.dtype} and shape {ids.shape}"
        raise InputError(what, expectation, url, _NPZ_REMEDY)
    _refuse_other_shape(matrix, len(ids), url, _NPZ_REMEDY)
    return _File(ids=ids.tolist(), matrix=matrix, present=np.arange(len(ids)))


def _from_parquet(url: str, names: Sequence[str]) -> _File:
    expectation = f"a .parquet table with columns {' and '.join(PARQUET_COLUMNS)}"
    try:
        data = read_url(url)
        names_there = column_names(data)
        absent = [name for name in PARQUET_COLUMNS if name not in names_there]
        if absent:
            raise InputError(
                f"no column {', '.join(absent)}", expectation, url, "Rename its columns."
            )
        table = read_given_parquet(data, PARQUET_COLUMNS, url)
        ids = plain(table.column("key")).cast(pa.string()).fill_null("").to_pylist()
        lists = table.column("embedding").cast(pa.list_(pa.float64())).combine_chunks()
    except InputError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        what = f"unreadable ({str(error).splitlines()[0][:200]})"
        raise InputError(what, expectation, url, "Embeddings are lists of numbers.") from error
    present = np.flatnonzero(lists.is_valid().to_numpy(zero_copy_only=False))
    if not len(present):
        raise InputError("no rows with an embedding", expectation, url, "Embed the objects first.")
    lengths = np.diff(lists.offsets.to_numpy())
    dim = int(lengths[present[0]])
    other = present[(lengths[present] != dim) | (lengths[present] == 0)]
    if len(other):
        what = f"{lengths[other[0]]} numbers in {numbered('row', other + 1)}"
        raise InputError(what, f"{dim or 'some'} numbers in each row", url,
                         "Embed all objects with one backbone.")  # fmt: skip
    matrix = np.zeros((len(ids), dim))
    matrix[present] = lists.flatten().to_numpy(zero_copy_only=False).reshape(-1, dim)
    return _File(ids=ids, matrix=matrix, present=present)


_READERS = {"npz": _from_npz, "parquet": _from_parquet, "npy": _from_npy}


def _refuse_other_shape(matrix: Matrix, num_rows: int, url: str, remedy: str) -> None:
    if matrix.ndim != 2 or len(matrix) != num_rows or not matrix.shape[1]:
        expectation = f"a matrix of {num_rows} rows, one for each name"
        raise InputError(f"embeddings of shape {matrix.shape}", expectation, url, remedy)
    if matrix.dtype.kind not in "fiu":
        raise InputError(f"embeddings of type {matrix.dtype}", "numbers", url, remedy)
