"""Groups of a shard by range reads: checked, cut into blocks, cached, and broken ones left out.

A block is a fixed number of groups, counted from a shard's beginning and known from the manifest:
about READ_BYTES, and one group at least. Any thread may read any block.

With `is_tolerant`, what is lost is decided group by group, by that group's own bytes. So it depends
on the broken file alone, and not on how much of it one read has asked for.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future

from alignet_ray.errors import RecordError
from alignet_ray.records.digests import sha256
from alignet_ray.records.manifest import ManifestShard
from alignet_ray.records.shards import (
    Group,
    Shard,
    byte_range,
    parse_groups,
    parse_sidecar,
    read_bytes,
    read_groups,
    sidecar_name,
    tar_name,
)
from alignet_ray.records.store import Folder
from alignet_ray.training.shard_cache import Say, ShardCache

READ_BYTES = 4 << 20
"""A range read takes about this much, and one group at least."""

_SIDECARS_A_STREAM = 2  # the one that is read, and the next
_MOST_SAID = 10
_AGAIN = "Delete the shard and its sidecar and run generate again."


def block_groups(entry: ManifestShard) -> int:
    """Groups in a block of a shard."""
    return max(1, READ_BYTES * entry.samples // max(1, entry.bytes))


def blocks(entry: ManifestShard, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Groups [first, last) of a shard cut at the shard's blocks."""
    size = block_groups(entry)
    while first < last:
        end = min((first // size + 1) * size, last)
        yield first, end
        first = end


class ShardReads:
    """What a process has read of shards' sidecars, its cache, and how it takes broken groups."""

    def __init__(self, say: Say, *, cache: ShardCache | None, is_tolerant: bool) -> None:
        self._say = say
        self._cache = cache
        self._is_tolerant = is_tolerant
        self._lock = threading.Lock()
        self._sidecars: OrderedDict[str, Future[Shard]] = OrderedDict()
        self._said: set[str] = set()
        self._most_sidecars = _SIDECARS_A_STREAM

    def hold(self, num_streams: int) -> None:
        """Remember the sidecars of so many streams, and of one reader beside them."""
        with self._lock:
            self._most_sidecars = max(self._most_sidecars, _SIDECARS_A_STREAM * (num_streams + 1))

    def block(
        self, folder: Folder, entry: ManifestShard, first: int, last: int
    ) -> list[Group | None]:
        """Groups [first, last), which lie in one block; None for each that is broken.

        Raises RecordError for the first broken one, unless broken ones are tolerated.
        """
        try:
            shard = self._sidecar(folder, entry)
        except RecordError as error:
            return self._lost(error, last - first)
        try:
            return [*self._read(folder, entry, shard, first, last)]
        except RecordError as error:
            lost = self._lost(error, last - first)
        if not folder.exists(tar_name(entry.shard)):
            return lost
        return [_alone(folder, shard, group) for group in range(first, last)]

    def _lost(self, error: RecordError, num_groups: int) -> list[Group | None]:
        if not self._is_tolerant:
            raise error
        self.tell(error)
        return [None] * num_groups

    def tell(self, error: RecordError) -> None:
        """Say once for each broken file what is wrong with it, and of some ten files at most."""
        with self._lock:
            if error.place in self._said or len(self._said) > _MOST_SAID:
                return
            self._said.add(error.place)
            is_last = len(self._said) > _MOST_SAID
        rest = "more broken shards, which are only counted"
        self._say(f"warning: skipped: {rest if is_last else error}")

    def _read(
        self, folder: Folder, entry: ManifestShard, shard: Shard, first: int, last: int
    ) -> list[Group]:
        if self._cache is None:
            return read_groups(folder, shard, first, last)
        size = block_groups(entry)
        begin = first // size * size
        start, end = byte_range(shard, begin, min(begin + size, shard.num_groups))
        name = f"{entry.sha256}.{start}-{end}"
        data = self._cache.get(name)
        if data is not None:
            try:
                return parse_groups(data, start, folder, shard, first, last)
            except RecordError:
                self._cache.remove(name)  # the copy is broken: look at what it was made of
        data = read_bytes(folder, shard, start, end)
        groups = parse_groups(data, start, folder, shard, first, last)
        self._cache.put(name, data)
        return groups

    def _sidecar(self, folder: Folder, entry: ManifestShard) -> Shard:
        """A shard's sidecar, read once by the first thread that asks; some are remembered."""
        place = folder.place(sidecar_name(entry.shard))
        mine: Future[Shard] = Future()
        with self._lock:
            asked = self._sidecars.setdefault(place, mine)
            self._sidecars.move_to_end(place)
            while len(self._sidecars) > self._most_sidecars:
                self._sidecars.popitem(last=False)
        if asked is mine:
            try:
                mine.set_result(self._load_sidecar(folder, entry, place))
            except BaseException as error:
                mine.set_exception(error)
                with self._lock:
                    self._sidecars.pop(place, None)
        return asked.result()

    def _load_sidecar(self, folder: Folder, entry: ManifestShard, place: str) -> Shard:
        name = f"{entry.sidecar_sha256}.json"
        data = self._cache.get(name) if self._cache else None
        if data is not None and sha256(data) == entry.sidecar_sha256:
            return parse_sidecar(data, place)
        data = folder.read_if_there(sidecar_name(entry.shard))
        if data is None:
            raise RecordError("missing", "the sidecar of a finished shard", place, _AGAIN)
        found = sha256(data)
        if found != entry.sidecar_sha256:
            raise RecordError(
                f"SHA-256 {found[:12]}", f"{entry.sidecar_sha256[:12]}, which the manifest names",
                place, _AGAIN,
            )  # fmt: skip
        if self._cache:
            self._cache.put(name, data)
        return parse_sidecar(data, place)


def _alone(folder: Folder, shard: Shard, group: int) -> Group | None:
    try:
        return read_groups(folder, shard, group, group + 1)[0]
    except RecordError:
        return None
