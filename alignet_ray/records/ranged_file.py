"""A file in an object store, read by exact ranges: no metadata request where its size is known,
and no read-ahead.

fsspec's own files ask twice for metadata when they are opened and then read 5 MiB ahead; of a part
of clusters, a shard wants the few kilobytes of two columns.
"""

import io

from alignet_ray.records.store import Folder

WHOLE_BYTES = 1 << 20
"""Files up to this size are one request: a second one would take longer than their bytes."""


class RangedFile:
    """A readable, seekable file of `num_bytes`; every read is one ranged request with retries.

    `fault` is what the store raised, for a caller whose library hides it behind an error of its
    own.
    """

    closed = False

    def __init__(self, folder: Folder, name: str, num_bytes: int) -> None:
        self._folder, self._name, self._num_bytes = folder, name, num_bytes
        self._position = 0
        self.fault: Exception | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing is held open."""

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._num_bytes}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, or all that are left. Raises StorageError."""
        left = self._num_bytes - self._position
        end = self._position + (left if size < 0 else min(size, left))
        if end <= self._position:
            return b""
        try:
            data = self._folder.read_range(self._name, self._position, end)
        except Exception as error:
            self.fault = error
            raise
        self._position = end
        return data
