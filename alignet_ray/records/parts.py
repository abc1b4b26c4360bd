"""Parts: files that hold a fixed number of listing rows, with a sidecar that carries the digest.

The image table and the clusters are cut at the same rows, so everything about where a row lies
is arithmetic and no footer is ever scanned.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import SupportsIndex, overload

from alignet_ray.errors import RecordError
from alignet_ray.records.digests import Json, canonical_json, parse_json, sha256
from alignet_ray.records.store import Folder

_SIDECAR_FIELDS = {"part", "digest", "bytes", "sha256"}
_READ_THREADS = 16
"""Sidecars are small: of reading one from an object store nearly all is waiting."""


@dataclass(frozen=True, kw_only=True)
class PartLayout:
    """How listing rows are cut into parts and row groups."""

    num_rows: int
    part_rows: int
    row_group_rows: int

    @property
    def num_parts(self) -> int:
        """Parts in all."""
        return -(-self.num_rows // self.part_rows)

    def spans(self, num_parts: int) -> list[tuple[int, int]]:
        """The parts cut into runs [first, last) of at most that many, worth a task each."""
        starts = range(0, self.num_parts, num_parts)
        return [(start, min(start + num_parts, self.num_parts)) for start in starts]

    def rows(self, part: int) -> range:
        """Listing rows of a part."""
        start = part * self.part_rows
        return range(start, min(start + self.part_rows, self.num_rows))

    def row_groups(self, start: int, end: int) -> "RowGroups":
        """(part, row group) of every row group that holds a row of [start, end)."""
        first, last = start // self.row_group_rows, -(-end // self.row_group_rows)
        return RowGroups(range(first, last), self.part_rows // self.row_group_rows)


class RowGroups(Sequence[tuple[int, int]]):
    """(part, row group) of consecutive row groups: a table of a billion rows has millions, so
    places are computed where they are asked for.
    """

    def __init__(self, numbers: range, per_part: int) -> None:
        self._numbers = numbers
        self._per_part = per_part

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: SupportsIndex) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, index: slice) -> "RowGroups": ...
    def __getitem__(self, index: SupportsIndex | slice) -> "tuple[int, int] | RowGroups":
        if isinstance(index, slice):
            return RowGroups(self._numbers[index], self._per_part)
        return divmod(self._numbers[index], self._per_part)


def part_name(part: int) -> str:
    """File name of a part."""
    return f"part-{part:06d}.parquet"


def sidecar_name(part: int) -> str:
    """File name of a part's sidecar."""
    return f"part-{part:06d}.json"


def write_part(folder: Folder, part: int, data: bytes, settings_digest: str, facts: Json) -> Json:
    """Write a part and, after it, its sidecar: digest of settings, of bytes, and facts."""
    sidecar = {
        "part": part,
        "digest": settings_digest,
        "bytes": len(data),
        "sha256": sha256(data),
        **facts,
    }
    folder.delete(sidecar_name(part))  # an older one must never vouch for these bytes
    folder.write(part_name(part), data)
    folder.write(sidecar_name(part), canonical_json(sidecar))
    return sidecar


def read_sidecar(folder: Folder, part: int) -> Json:
    """A part's sidecar. Raises RecordError where it is missing or not JSON."""
    fields = read_sidecar_if_there(folder, part)
    if fields is None:
        raise RecordError(
            "missing", "the sidecar of a finished part", folder.place(sidecar_name(part)),
            "Run generate again.",
        )  # fmt: skip
    return fields


def read_sidecar_if_there(folder: Folder, part: int) -> Json | None:
    """A part's sidecar, or None where it is missing. Raises RecordError where it is no sidecar."""
    name = sidecar_name(part)
    data = folder.read_if_there(name)
    if data is None:
        return None
    fields = parse_json(data, folder.place(name))
    if not fields.keys() >= _SIDECAR_FIELDS:
        raise RecordError(
            f"fields {sorted(fields)}", "a part's sidecar", folder.place(name),
            "Delete it and run generate again.",
        )  # fmt: skip
    return fields


def read_sidecars(folder: Folder, parts: Iterable[int]) -> list[Json]:
    """Sidecars of several parts, read side by side. Raises what `read_sidecar` does."""
    with ThreadPoolExecutor(_READ_THREADS) as pool:
        return list(pool.map(lambda part: read_sidecar(folder, part), parts))


def read_sidecars_if_there(folder: Folder, parts: Iterable[int]) -> list[Json | None]:
    """The same, None in the place of each that is missing."""
    with ThreadPoolExecutor(_READ_THREADS) as pool:
        return list(pool.map(lambda part: read_sidecar_if_there(folder, part), parts))


def missing_parts(folder: Folder, num_parts: int) -> list[int]:
    """Parts whose file or sidecar is not there yet, from one listing of the folder."""
    present = folder.sizes()
    return [
        part
        for part in range(num_parts)
        if part_name(part) not in present or sidecar_name(part) not in present
    ]
