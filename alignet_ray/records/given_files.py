"""Files that a user names: one that is not there is a mistake of the command, not of storage.

So a list, a tar, an .npz and a folder that do not exist end with the same code and the same words.
"""

import contextlib
from collections.abc import Generator, Iterable

from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import InputError, StorageError
from alignet_ray.records.storage_faults import with_retries
from alignet_ray.records.store import Folder

_ABSENT = (FileNotFoundError, NotADirectoryError)


def refuse_missing_file(url: str, expectation: str, remedy: str) -> None:
    """Raise InputError where no file lies at a URL; StorageError where that cannot be told."""
    _refuse_unless("file", "file", url, expectation, remedy)


def refuse_missing_folder(url: str, expectation: str, remedy: str) -> None:
    """Raise InputError where no folder lies at a URL; StorageError where that cannot be told."""
    _refuse_unless("directory", "folder", url, expectation, remedy)


def refuse_missing_files(files: Iterable[tuple[str, str | None, str]]) -> None:
    """Raise InputError for the first (flag, URL, expectation) whose URL names no file."""
    for flag, url, expectation in files:
        if url is not None:
            refuse_missing_file(url, expectation, f"Check {flag}.")


def _refuse_unless(kind: str, word: str, url: str, expectation: str, remedy: str) -> None:
    folder = Folder(absolute_url(url))
    place = folder.url

    def find() -> str | None:
        try:
            return folder.file_system.info(folder.path("").rstrip("/") or "/")["type"]
        except _ABSENT:
            return None

    found = with_retries(find, place)
    if found != kind:
        value = f"no such {word}" if found is None else f"a {found}"
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
