"""The bytes of listed images, whole files or ranges of files such as tars, and their digest."""

import contextlib
import hashlib
import os
import stat
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from alignet_ray.errors import InputError, MismatchError
from alignet_ray.records.store import Folder

_READ_THREADS = 8


def read_listed_image(row: dict[str, Any]) -> bytes:
    """The image of a listing's row (`url`, `offset`, `length`), of exactly its length.

    Raises MismatchError where a whole file has another size than when it was listed.
    """
    parent, _, name = row["url"].rpartition("/")
    folder = Folder(parent or "/")
    if folder.is_local:
        _refuse_other_file(folder.path(name), row)
    if row["offset"] is not None:
        return folder.read_range(name, row["offset"], row["offset"] + row["length"])
    data = folder.read(name)
    _refuse_other_size(len(data), row)
    return data


def _refuse_other_file(path: str, row: dict[str, Any]) -> None:
    """Before it is read: a device has no end, a pipe no beginning, and a file may have grown."""
    with contextlib.suppress(OSError):  # what is not there is told by reading it
        found = os.stat(path)
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            raise InputError("no regular file", "an image", path, "Take it out of the list.")
        if row["offset"] is None and stat.S_ISREG(found.st_mode):
            _refuse_other_size(found.st_size, row)


def _refuse_other_size(size: int, row: dict[str, Any]) -> None:
    if size != row["length"]:
        raise MismatchError(
            f"{size} bytes", f"{row['length']} bytes as when it was listed", row["url"],
            "Restore the file, or start a new run on the changed images.",
        )  # fmt: skip


def read_ahead(rows: Sequence[dict[str, Any]]) -> Iterator[bytes]:
    """Bytes of the listed images in order, with a few reads under way and no more held."""
    with ThreadPoolExecutor(_READ_THREADS) as pool:
        reading: deque[Future[bytes]] = deque()
        for row in rows:
            reading.append(pool.submit(read_listed_image, row))
            if len(reading) > _READ_THREADS:
                yield reading.popleft().result()
        while reading:
            yield reading.popleft().result()


class ContentsDigest:
    """SHA-256 of the SHA-256 of each image's bytes, added one after the other."""

    def __init__(self) -> None:
        self._state = hashlib.sha256()

    def add(self, data: bytes) -> None:
        """The next image."""
        self._state.update(hashlib.sha256(data).digest())

    @property
    def sha256(self) -> str:
        """Hexadecimal digest of what was added."""
        return self._state.hexdigest()
