"""Files that a user names: one that is not there is a mistake of the command, not of storage.

So a list, a tar, an .npz and a folder that do not exist end with the same code and the same words.
"""

import contextlib
from collections.abc import Generator

from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import InputError, StorageError
from alignet_ray.records.store import Folder, with_retries

_ABSENT = (FileNotFoundError, NotADirectoryError)


def refuse_missing_file(url: str, expectation: str, remedy: str) -> None:
    """Raise InputError where no file lies at a URL; StorageError where that cannot be told."""
    parent, _, name = absolute_url(url).rpartition("/")
    folder = Folder(parent or "/")
    place = folder.place(name)

    def kind() -> str | None:
        try:
            return folder.file_system.info(folder.path(name))["type"]
        except _ABSENT:
            return None

    found = with_retries(kind, place)
    if found != "file":
        value = "no such file" if found is None else f"a {found}"
        raise InputError(value, expectation, place, remedy)


@contextlib.contextmanager
def missing_is_a_mistake(expectation: str, remedy: str) -> Generator[None]:
    """What reading a file that is not there raises, as the InputError that it is for its user."""
    try:
        yield
    except StorageError as error:
        if isinstance(error.__cause__, _ABSENT):
            raise InputError("no such file", expectation, error.place, remedy) from error
        if isinstance(error.__cause__, IsADirectoryError):
            raise InputError("a directory", expectation, error.place, remedy) from error
        raise
