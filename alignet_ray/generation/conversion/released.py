"""Reading the authors' released `.npz` of triplets in bounded memory.

`filenames` (n, 3) are names and `similarities` (n, 3) the teacher's [s01, s02, s12], image 2 being
the odd one out. Ten million rows are two gigabytes of unicode, so both arrays are streamed out of
the zip, rows at a time. Nothing is ever unpickled. `indices`, where it is there, numbers the rows
of an image list that is not in the file: it can mean other images on another disk, so only names
are matched.
"""

import contextlib
import zipfile
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from tokenize import TokenError

import numpy as np
from jaxtyping import Shaped

from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import InputError
from alignet_ray.records.given_files import missing_is_a_mistake
from alignet_ray.records.store import Folder

ROWS_AT_ONCE = 1 << 17
_MOST_NAME_BYTES = 4096

_NAMES, _SIMILARITIES = "filenames", "similarities"
_READABLE = "an .npz file of `filenames` and `similarities`"
_AGAIN = "Fetch it again."
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)
_RESAVE = (
    "Save it again: np.savez(NEW, filenames=np.ascontiguousarray(filenames).astype(str), "
    "similarities=np.ascontiguousarray(similarities, dtype=np.float32))"
)
_UNPICKLE = (
    "If you trust the file, load it with np.load(FILE, allow_pickle=True) and save it again: "
    "np.savez(NEW, filenames=filenames.astype(str), similarities=similarities.astype(np.float32))"
)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Some rows of the file, as they are stored."""

    first: int
    names: Shaped[np.ndarray, "rows 3"]
    similarities: Shaped[np.ndarray, "rows 3"]


@dataclass(frozen=True, kw_only=True)
class _Member:
    """An array inside the zip, behind its header."""

    name: str
    place: str
    stream: zipfile.ZipExtFile
    dtype: np.dtype
    num_rows: int

    def read(self, num_rows: int) -> Shaped[np.ndarray, "{num_rows} 3"]:
        wanted = num_rows * 3 * self.dtype.itemsize
        with _as_input_errors(self.place):
            data = self.stream.read(wanted)
        if len(data) != wanted:
            raise InputError(f"`{self.name}` is truncated", f"{self.num_rows:,} rows", self.place)
        return np.frombuffer(data, self.dtype).reshape(-1, 3)

    def check_end(self) -> None:
        """Read past the last row, where the zip's checksum is compared."""
        with _as_input_errors(self.place):
            rest = self.stream.read(1)
        if rest:
            raise InputError(
                f"`{self.name}` goes on after its {self.num_rows:,} rows", "their end", self.place
            )


@dataclass(frozen=True, kw_only=True)
class ReleasedTriplets:
    """An open file; `num_rows` are those that are taken, from the first."""

    place: str
    num_rows: int
    names: _Member
    similarities: _Member

    @property
    def dtypes(self) -> dict[str, str]:
        """The stored types, by array."""
        return {m.name: m.dtype.str for m in (self.names, self.similarities)}

    def rows(self) -> Iterator[Rows]:
        """The rows in order, `ROWS_AT_ONCE` at a time; can be read once."""
        for first in range(0, self.num_rows, ROWS_AT_ONCE):
            count = min(ROWS_AT_ONCE, self.num_rows - first)
            names, similarities = self.names.read(count), self.similarities.read(count)
            yield Rows(first=first, names=names, similarities=similarities)
        if self.num_rows == self.names.num_rows:
            self.names.check_end()
            self.similarities.check_end()


@contextlib.contextmanager
def open_released(url: str, max_rows: int | None = None) -> Generator[ReleasedTriplets]:
    """The file at a URL, of which at most the first `max_rows` rows are taken.

    A remote file is copied to a temporary one first. Raises InputError where it has not the
    released layout.
    """
    parent, _, name = absolute_url(url).rpartition("/")
    folder = Folder(parent or "/")
    place = folder.place(name)
    with contextlib.ExitStack() as stack:
        with missing_is_a_mistake(_READABLE, "Check --triplets and --validation-triplets."):
            path = stack.enter_context(folder.local_copy(name))
        with _as_input_errors(place):
            archive = stack.enter_context(zipfile.ZipFile(path))
        names, similarities = (
            _open_member(archive, member, place, stack) for member in (_NAMES, _SIMILARITIES)
        )
        if names.num_rows != similarities.num_rows:
            raise InputError(
                f"{names.num_rows:,} rows of names, {similarities.num_rows:,} of similarities",
                "as many of both", place,
            )  # fmt: skip
        _check_types(names, similarities)
        taken = min(names.num_rows, max_rows or names.num_rows)
        yield ReleasedTriplets(place=place, num_rows=taken, names=names, similarities=similarities)


def _open_member(
    archive: zipfile.ZipFile, name: str, place: str, stack: contextlib.ExitStack
) -> _Member:
    inside = archive.namelist()
    if f"{name}.npy" not in inside:
        there = ", ".join(item.removesuffix(".npy") for item in inside[:5]) or "nothing"
        raise InputError(f"no `{name}` (there is {there})", _READABLE, place)
    with _as_input_errors(place):
        stream = stack.enter_context(archive.open(f"{name}.npy"))
        assert isinstance(stream, zipfile.ZipExtFile)  # and not, as typed, any stream of bytes
        try:
            shape, is_fortran, dtype = _read_header(stream)
        except (ValueError, OverflowError, SyntaxError, TokenError) as error:
            raise InputError(f"`{name}` is no array ({error})", _READABLE, place) from error
    if dtype.hasobject:
        raise InputError(
            f"`{name}` is an object array, which only unpickling could read",
            "fixed-width strings and numbers", place, _UNPICKLE,
        )  # fmt: skip
    if len(shape) != 2 or shape[1] != 3 or shape[0] == 0:
        raise InputError(f"`{name}` has the shape {shape}", "(n, 3), n at least 1", place)
    if is_fortran:
        raise InputError(f"`{name}` is in Fortran order", "rows one after the other", place,
                         _RESAVE)  # fmt: skip
    there = archive.getinfo(f"{name}.npy").file_size - stream.tell()
    if shape[0] * 3 * dtype.itemsize > there:
        raise InputError(
            f"`{name}` is truncated: {there:,} bytes", f"{shape[0]:,} rows", place, _AGAIN
        )
    return _Member(name=name, place=place, stream=stream, dtype=dtype, num_rows=shape[0])


def _read_header(stream: zipfile.ZipExtFile) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(stream)
    raise ValueError(f"version {version[0]}.{version[1]} of the .npy format")


def _check_types(names: _Member, similarities: _Member) -> None:
    if names.dtype.kind not in "US" or names.dtype.itemsize == 0:
        raise InputError(f"`{_NAMES}` are {names.dtype}", "strings", names.place, _RESAVE)
    if names.dtype.itemsize > _MOST_NAME_BYTES:
        raise InputError(
            f"`{_NAMES}` are {names.dtype}", f"at most {_MOST_NAME_BYTES:,} bytes each",
            names.place, _RESAVE,
        )  # fmt: skip
    if similarities.dtype.kind not in "fiu":
        raise InputError(
            f"`{_SIMILARITIES}` are {similarities.dtype}", "numbers", names.place, _RESAVE
        )


@contextlib.contextmanager
def _as_input_errors(place: str) -> Generator[None]:
    """What a broken zip raises, as one line."""
    try:
        yield
    except InputError:
        raise
    except _FAULTS as error:
        raise InputError(f"unreadable ({error})", _READABLE, place, _AGAIN) from error
