"""The bytes of a listed image: a whole file, or a byte range of a file such as a tar."""

import contextlib
import os
import stat
from typing import Any

from alignet_ray.errors import InputError, MismatchError
from alignet_ray.records.store import Folder


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
