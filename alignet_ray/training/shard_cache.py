"""Copies on a local disk of what was read from a bucket, so that later epochs need no network.

The unit is a block of a shard, as it is read, not a whole tar: nothing waits for a download of
hundreds of megabytes, and a shard that two streams share is not fetched twice. A block is named by
the SHA-256 of its tar, a sidecar by its own, so a copy can be stale never and foreign never. It is
not synced to disk: readers check every byte against a SHA-256 anyway, and fetch again what a power
cut has torn.

Several processes may share the folder. Each renames finished files into place and counts what it
writes; from time to time it looks at the whole folder and removes what was not used longest. The
folder so holds at most its bound and a twentieth for each process.
"""

import contextlib
import os
import re
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

from alignet_ray.errors import RecordError

CACHE_FOLDER = "alignet_ray_shards"
"""Below the folder that the user names: what lies beside it is never counted nor removed."""

_SUFFIX = ".partial"
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]*")
_SLACK = 20
_STALE_SECONDS = 3600.0

Say = Callable[[str], None]


class ShardCache:
    """A bounded folder of blocks. A disk that is full or fails ends its use with one line."""

    def __init__(self, folder: str, num_bytes: int, say: Say) -> None:
        self._folder = Path(folder) / CACHE_FOLDER
        self._num_bytes = num_bytes
        self._say = say
        self._lock = threading.Lock()
        self._unseen: int | None = None
        self._is_usable = True

    def get(self, name: str) -> bytes | None:
        """The copy of that name, which is now the last used; None where there is none."""
        if not self._is_usable:
            return None
        path = self._path(name)
        try:
            data = path.read_bytes()
            os.utime(path)
        except FileNotFoundError:  # never there, or removed by another process just now
            return None
        except OSError as error:
            self._give_up(error)
            return None
        return data

    def put(self, name: str, data: bytes) -> None:
        """Keep a copy, and make room for it."""
        if not self._is_usable or len(data) > self._num_bytes:
            return
        try:
            self._write(name, data)
            self._count(len(data))
        except OSError as error:
            self._give_up(error)

    def remove(self, name: str) -> None:
        """Forget a copy that turned out to be broken."""
        with contextlib.suppress(OSError):
            self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        """Where a copy lies. A digest out of a manifest must not lead out of the folder."""
        if not _NAME.fullmatch(name):
            raise RecordError(repr(name), "a SHA-256", "a manifest's digest of a shard")
        return self._folder / name

    def _write(self, name: str, data: bytes) -> None:
        path = self._path(name)
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary = self._folder / f".{name}.{secrets.token_hex(4)}{_SUFFIX}"
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def _count(self, num_bytes: int) -> None:
        """Look at the folder the first time, and after every twentieth of the bound."""
        with self._lock:
            if self._unseen is not None:
                self._unseen += num_bytes
                if self._unseen * _SLACK < self._num_bytes:
                    return
            self._unseen = 0
        self._make_room()

    def _make_room(self) -> None:
        found: list[tuple[float, int, Path]] = []
        stale = time.time() - _STALE_SECONDS
        for entry in os.scandir(self._folder):
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                state = entry.stat(follow_symlinks=False)
                if entry.name.endswith(_SUFFIX) and state.st_mtime < stale:
                    Path(entry.path).unlink(missing_ok=True)  # a killed writer's
                elif entry.is_file(follow_symlinks=False):
                    found.append((state.st_mtime, state.st_size, Path(entry.path)))
        excess = sum(size for _, size, _ in found) - self._num_bytes
        for _, size, path in sorted(found):
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= size

    def _give_up(self, error: OSError) -> None:
        with self._lock:
            was_usable, self._is_usable = self._is_usable, False
        if was_usable:
            reason = error.strerror or type(error).__name__
            self._say(f"warning: {self._folder}: {reason}; going on without --data.cache")
