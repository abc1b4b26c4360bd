"""Whether the listing is the one that the settings were frozen with."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from alignet_ray.errors import RecordError
from alignet_ray.generation.verification.findings import (
    MISSING,
    Problem,
    Record,
    examine,
    expect,
    read_canonical,
    read_present,
)
from alignet_ray.records import listing as record
from alignet_ray.records.digests import sha256
from alignet_ray.records.listing import INDEX_NAME, LISTING_FOLDER, LISTING_SCHEMA, ListingIndex
from alignet_ray.records.parquet import parse_parquet
from alignet_ray.records.store import Folder

LISTING = Record(kind="listing")


@dataclass(frozen=True, kw_only=True)
class ListingFinding:
    """What is wrong, how many images are listed (None: nothing says), and the index to read rows
    by (None: the files cannot be trusted).
    """

    problems: tuple[Problem, ...]
    num_images: int | None
    index: ListingIndex | None
    notes: tuple[str, ...] = ()


def check_listing(root: Folder, wanted_sha256: str | None, is_quick: bool) -> ListingFinding:
    """Check the files against the settings' digest and the index against both."""
    folder = root.folder(LISTING_FOLDER)
    if is_quick:
        return _quick(folder, wanted_sha256)
    files = examine(LISTING, lambda: _files(folder, wanted_sha256))
    read = None if isinstance(files, Problem) else files
    index = examine(LISTING, lambda: _index(folder, wanted_sha256, read))
    known = None if isinstance(index, Problem) else index
    best = read or known
    return ListingFinding(
        problems=tuple(found for found in (index, files) if isinstance(found, Problem)),
        num_images=best.num_images if best else None,
        index=read,
        notes=() if known is None or known.files_sha256 else (_NO_DIGESTS,),
    )


_NO_DIGESTS = "the listing's URLs and Parquet footers: its index names no digests of its files"


def _quick(folder: Folder, wanted_sha256: str | None) -> ListingFinding:
    index = examine(LISTING, lambda: _index(folder, wanted_sha256, None))
    if isinstance(index, Problem):
        return ListingFinding(problems=(index,), num_images=None, index=None)
    sizes = folder.sizes()
    missing = [name for name in _names(index) if name not in sizes]
    problems = [
        Problem(
            record=LISTING, place=folder.place(name), wrong=MISSING, expected="a finished record"
        )
        for name in missing
    ]
    return ListingFinding(problems=tuple(problems), num_images=index.num_images, index=index)


def _names(index: ListingIndex) -> list[str]:
    return [record.file_name(number) for number in range(index.num_files)]


def _index(folder: Folder, wanted_sha256: str | None, files: ListingIndex | None) -> ListingIndex:
    """The index, seen to be what the settings and the files say it is."""
    place = folder.place(INDEX_NAME)
    fields, _ = read_canonical(folder, INDEX_NAME)
    index = record.parse_index(fields, place)
    expect(index.rows_per_file, record.ROWS_PER_FILE, "rows_per_file", place)
    if wanted_sha256 is not None:
        expect(index.sha256, wanted_sha256, "digest of the order", place)
    if files is None:
        return index
    expect(index.num_images, files.num_images, "num_images", place)
    expect(index.sha256, files.sha256, "digest of the order", place)
    if "files_sha256" in fields:
        expect(len(index.files_sha256), len(files.files_sha256), "number of files", place)
        for name, found, wanted in zip(
            _names(files), files.files_sha256, index.files_sha256, strict=True
        ):
            expect(found, wanted, "SHA-256", folder.place(name))
    return index


def _files(folder: Folder, wanted_sha256: str | None) -> ListingIndex:
    """The index that the files give, once they are seen to hold the order that was frozen."""
    counts: list[int] = []
    digests: list[str] = []
    order = record.rows_sha256(_pieces(folder, counts, digests))
    place = folder.place("")
    if wanted_sha256 is not None:
        expect(order, wanted_sha256, "digest of the order", place)
    if any(count != record.ROWS_PER_FILE for count in counts[:-1]):
        raise RecordError(f"files of {counts} rows", f"{record.ROWS_PER_FILE} in each", place)
    return ListingIndex(
        num_images=sum(counts),
        rows_per_file=record.ROWS_PER_FILE,
        sha256=order,
        files_sha256=tuple(digests),
    )


def _pieces(folder: Folder, counts: list[int], digests: list[str]) -> Iterator[pa.Table]:
    """The files in order; their rows and digests are noted on the way."""
    present = folder.sizes()
    number = 0
    while number == 0 or record.file_name(number) in present:
        name = record.file_name(number)
        data = read_present(folder, name)
        table, _ = parse_parquet(data, folder.place(name))
        if not table.schema.equals(LISTING_SCHEMA):
            found = f"columns {table.schema.names}"
            raise RecordError(found, "those of a listing", folder.place(name))
        counts.append(table.num_rows)
        digests.append(sha256(data))
        yield table
        number += 1
