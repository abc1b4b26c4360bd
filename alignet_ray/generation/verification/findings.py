"""What a checker finds: the first fault of a record, in one line, with what is to be made again.

A checker raises RecordError at the first thing that is wrong; `examine` turns it into a `Problem`
of the record that was looked at, so that one broken record is one problem however broken it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from alignet_ray.errors import RecordError, StorageError
from alignet_ray.records.digests import Json, canonical_json, parse_json, sha256
from alignet_ray.records.store import Folder

Result = TypeVar("Result")
Kind = Literal[
    "config", "listing", "images", "centroids", "clusters", "triplet_index", "triplets", "places",
    "shard", "manifest",
]  # fmt: skip

MISSING = "missing"

_SHA_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Record:
    """One thing that is written at once and made again at once."""

    kind: Kind
    number: int = 0
    split: str = ""

    def __str__(self) -> str:
        names = {
            "config": "config.yaml",
            "listing": "the listing",
            "images": f"part {self.number} of the image table",
            "centroids": "the centroids and all parts of the clusters",
            "clusters": f"part {self.number} of the clusters",
            "triplet_index": f"the index of the triplets of {self.split}",
            "triplets": f"part {self.number} of the triplets of {self.split}",
            "places": f"part {self.number} of the images' places",
            "shard": f"shard {self.number} of {self.split}",
            "manifest": f"the manifest of {self.split}",
        }
        return names[self.kind]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A record that is not what it must be: which, where, and what is wrong."""

    record: Record
    place: str
    wrong: str
    expected: str

    def __str__(self) -> str:
        middle = f"; expected {self.expected}" if self.expected else ""
        return " ".join(f"{self.place}: {self.wrong}{middle}".split())


def examine(record: Record, check: Callable[[], Result]) -> Result | Problem:
    """What the check returns, or the problem that it met."""
    try:
        return check()
    except RecordError as error:
        return Problem(
            record=record, place=error.place, wrong=error.value, expected=error.expectation
        )


def expect(found: object, wanted: object, what: str, place: str) -> None:
    """Raise RecordError where a value is not the one that it must be."""
    if found != wanted:
        raise RecordError(f"{what} {found!r}", f"{wanted!r}", place)


def expect_sha256(data: bytes, wanted: object, namer: str, place: str) -> None:
    """Raise RecordError where bytes have another SHA-256 than `namer` says."""
    found = sha256(data)
    if found != wanted:
        raise RecordError(
            f"SHA-256 {found[:_SHA_SHOWN]}",
            f"{str(wanted)[:_SHA_SHOWN]}, which {namer} names",
            place,
        )


def read_present(folder: Folder, name: str) -> bytes:
    """A file's bytes. Raises RecordError where it is missing, StorageError where storage fails."""
    return _present(lambda: folder.read(name), folder, name)


def size_of_present(folder: Folder, name: str) -> int:
    """A file's bytes in number. Raises as `read_present`."""
    return _present(lambda: folder.size(name), folder, name)


def _present(read: Callable[[], Result], folder: Folder, name: str) -> Result:
    try:
        return read()
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError | IsADirectoryError):
            raise RecordError(MISSING, "a finished record", folder.place(name)) from error
        raise


def read_canonical(folder: Folder, name: str) -> tuple[Json, bytes]:
    """A JSON record and its bytes. Raises RecordError where we would write it otherwise."""
    data, place = read_present(folder, name), folder.place(name)
    fields = parse_json(data, place)
    try:
        is_canonical = canonical_json(fields) == data
    except ValueError:  # NaN or infinity
        is_canonical = False
    if not is_canonical:
        raise RecordError("altered JSON", "the one text that its values have", place)
    return fields, data
