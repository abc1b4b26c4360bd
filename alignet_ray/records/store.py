"""One folder abstraction over every fsspec file system, and the one atomic write.

Local files: temporary name, fsync, rename. Object stores: one put of a locally built object and
never a rename. Faults are tried again or told as `storage_faults` says.
"""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import fsspec

from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import StorageError
from alignet_ray.records.storage_faults import as_storage_error, connection_options, with_retries

_TEMPORARY_SUFFIX = ".partial"
_WRITE_BYTES = 1 << 20
_CHAIN = "::"
"""fsspec opens `reference://x::URL` by what a file at URL says, and records of others hold URLs."""


def join_url(url: str, name: str) -> str:
    """`name` below `url`."""
    return f"{url.rstrip('/')}/{name}" if name else url


def is_temporary(name: str) -> bool:
    """Whether a file is what a killed writer left behind."""
    return os.path.basename(name).startswith(".") and name.endswith(_TEMPORARY_SUFFIX)


@dataclass(frozen=True)
class Folder:
    """A folder at a URL; names below it are relative and use '/'. Cheap to pickle."""

    url: str

    @staticmethod
    def at(url: str) -> "Folder":
        """The folder at a URL or local path, made absolute."""
        return Folder(absolute_url(url))

    @cached_property
    def _file_system(self) -> tuple[Any, str]:
        if "://" not in self.url:
            return fsspec.filesystem("file"), self.url  # `::` in a local name chains nothing
        if _CHAIN in self.url:
            raise StorageError(
                "a chain of file systems",
                "one URL, without `::`",
                self.url,
                "Name the file itself.",
            )
        try:
            # A cached listing would hide what other processes write.
            return fsspec.core.url_to_fs(
                self.url, use_listings_cache=False, **connection_options(self.url)
            )
        except (ValueError, ImportError) as error:
            raise StorageError(
                str(error), "a URL that fsspec knows", self.url, "Install its package."
            ) from error

    def __getstate__(self) -> dict[str, str]:
        return {"url": self.url}

    @property
    def is_local(self) -> bool:
        """Whether the folder is on this machine's disk."""
        protocol = self._file_system[0].protocol
        return "file" in ([protocol] if isinstance(protocol, str) else protocol)

    def folder(self, name: str) -> "Folder":
        """The sub-folder of that name."""
        return Folder(join_url(self.url, name))

    def place(self, name: str) -> str:
        """The full URL of a name, for messages."""
        return join_url(self.url, name)

    def path(self, name: str) -> str:
        """The path that the file system object understands."""
        return join_url(self._file_system[1], name)

    @property
    def file_system(self) -> Any:
        """The fsspec file system."""
        return self._file_system[0]

    def exists(self, name: str) -> bool:
        """Whether a file or folder of that name is there."""

        def is_there() -> bool:
            # Not `exists` of fsspec: it takes every fault for an absent file.
            try:
                self.file_system.info(self.path(name))
            except (FileNotFoundError, NotADirectoryError):
                return False
            return True

        return with_retries(is_there, self.place(name))

    def size(self, name: str) -> int:
        """Bytes of a file."""
        return with_retries(lambda: self.file_system.size(self.path(name)), self.place(name))

    def read(self, name: str) -> bytes:
        """All bytes of a file."""
        return with_retries(lambda: self.file_system.cat_file(self.path(name)), self.place(name))

    def read_if_there(self, name: str) -> bytes | None:
        """All bytes of a file, or None where it is absent: one request, not two."""

        def found() -> bytes | None:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                return self.file_system.cat_file(self.path(name))

        return with_retries(found, self.place(name))

    def read_range(self, name: str, start: int, end: int) -> bytes:
        """Bytes [start, end) of a file; a file that ends before is a StorageError."""
        try:
            data = with_retries(
                lambda: self.file_system.cat_file(self.path(name), start=start, end=end),
                self.place(name),
            )
        except (MemoryError, OverflowError) as error:
            raise StorageError(
                f"a range of {end - start:,} bytes from {start:,}", "a range that fits in memory",
                self.place(name),
            ) from error  # fmt: skip
        if len(data) != end - start:
            raise StorageError(
                f"{len(data)} bytes read from {start}",
                f"{end - start} bytes",
                self.place(name),
                "The file is truncated: verify or re-make it.",
            )
        return data

    def sizes(self, name: str = "") -> dict[str, int]:
        """File name -> bytes for the files directly in a sub-folder; {} where it is absent."""
        file_system = self.file_system

        def listed() -> dict[str, int]:
            try:
                entries = file_system.ls(self.path(name), detail=True)
            except FileNotFoundError:
                return {}
            return {
                entry["name"].rstrip("/").rsplit("/", 1)[-1]: entry["size"]
                for entry in entries
                if entry["type"] == "file"
            }

        found = with_retries(listed, self.place(name))
        return {key: size for key, size in found.items() if key and not is_temporary(key)}

    def tree(self) -> dict[str, int]:
        """Relative name -> bytes of every file below, temporaries too; {} where it is absent."""
        base = self.path("").rstrip("/")

        def found() -> dict[str, dict[str, Any]]:
            return self.file_system.find(base, detail=True)

        names = {
            path.removeprefix(base).lstrip("/"): int(info["size"])
            for path, info in with_retries(found, self.url).items()
        }
        return {name: size for name, size in names.items() if name and not name.endswith("/")}

    def write(self, name: str, data: bytes | Sequence[bytes]) -> None:
        """Put a whole file in place atomically: readers see all of it or none of it.

        Data in pieces is written one piece after the other.
        """
        pieces = [data] if isinstance(data, bytes) else data
        if self.is_local:
            with_retries(lambda: _write_local(Path(self.path(name)), pieces), self.place(name))
        else:
            whole = b"".join(pieces)
            with_retries(
                lambda: self.file_system.pipe_file(self.path(name), whole), self.place(name)
            )

    @contextlib.contextmanager
    def building(self, name: str) -> Generator[Path]:
        """A local file to fill, put in place atomically when the block ends without an error.

        For what is too large to be built in memory.
        """
        try:
            if self.is_local:
                with _replacing(Path(self.path(name))) as temporary:
                    yield temporary
                return
            with tempfile.TemporaryDirectory(prefix="alignet_ray_") as scratch:
                built = Path(scratch) / "built"
                yield built
                put = self.file_system.put_file
                with_retries(lambda: put(str(built), self.path(name)), self.place(name))
        except StorageError:
            raise
        except OSError as error:  # a full disk, while the block fills the file
            raise as_storage_error(error, self.place(name)) from error

    @contextlib.contextmanager
    def local_copy(self, name: str) -> Generator[Path]:
        """A local path of the file's bytes: its own, or that of a temporary copy."""
        if self.is_local:
            self.size(name)  # says in one line where it is absent
            yield Path(self.path(name))
            return
        with tempfile.TemporaryDirectory(prefix="alignet_ray_") as scratch:
            copy = Path(scratch) / "copy"
            with_retries(
                lambda: self.file_system.get_file(self.path(name), str(copy)), self.place(name)
            )
            yield copy

    def delete(self, name: str) -> None:
        """Remove a file; it is no fault if it is gone."""

        def remove() -> None:
            with contextlib.suppress(FileNotFoundError):
                self.file_system.rm_file(self.path(name))

        with_retries(remove, self.place(name))

    def remove(self) -> None:
        """Delete the folder and all below it; it is no fault if it is gone."""

        def remove_all() -> None:
            with contextlib.suppress(FileNotFoundError):
                self.file_system.rm(self.path(""), recursive=True)

        with_retries(remove_all, self.url)

    def remove_temporaries(self) -> int:
        """Delete what killed writers left in this folder and below (local disks only)."""
        if not self.is_local:
            return 0
        stale = [p for p in Path(self.path("")).rglob(f".*{_TEMPORARY_SUFFIX}") if p.is_file()]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)


def read_url(url: str) -> bytes:
    """All bytes of the file at a URL or local path."""
    parent, _, name = absolute_url(url).rpartition("/")
    return Folder(parent or "/").read(name)


def _write_local(path: Path, pieces: Sequence[bytes]) -> None:
    with _replacing(path) as temporary, temporary.open("wb", buffering=_WRITE_BYTES) as stream:
        stream.writelines(pieces)


@contextlib.contextmanager
def _replacing(path: Path) -> Generator[Path]:
    """A temporary file beside `path` that takes its place, synced, when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}{_TEMPORARY_SUFFIX}"
    try:
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
