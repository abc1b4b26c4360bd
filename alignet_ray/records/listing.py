"""The listing: every image's key, place and label in the one order of everything.

Written first, permuted by the seed; an image's id is its row. `listing.json` is written last.
The digest covers keys, byte ranges' lengths and labels in order, never URLs.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from alignet_ray.errors import RecordError
from alignet_ray.records.digests import canonical_json, parse_json
from alignet_ray.records.parquet import parquet_bytes, read_parquet
from alignet_ray.records.store import Folder

LISTING_FOLDER = "images/listing"
INDEX_NAME = "listing.json"
ROWS_PER_FILE = 1 << 20
_ROW_GROUP_ROWS = 1 << 14

LISTING_SCHEMA = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("url", pa.string(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("label", pa.string()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class ListingIndex:
    """What `listing.json` says: rows in all, rows a file, and the digest of the order."""

    num_images: int
    rows_per_file: int
    sha256: str


def listing_sha256(listing: pa.Table) -> str:
    """Digest of (key, length, label) in order."""
    state = hashlib.sha256()
    columns = [listing.column(name).to_pylist() for name in ("key", "length", "label")]
    for key, length, label in zip(*columns, strict=True):
        state.update(canonical_json([key, length, label]))
    return state.hexdigest()


def file_name(index: int) -> str:
    """Name of the listing's file number `index`."""
    return f"{index:06d}.parquet"


def index_of(listing: pa.Table) -> ListingIndex:
    """The index that a listing will have."""
    return ListingIndex(
        num_images=listing.num_rows, rows_per_file=ROWS_PER_FILE, sha256=listing_sha256(listing)
    )


def write_listing(
    root: Folder, listing: pa.Table, index_record: ListingIndex | None = None
) -> ListingIndex:
    """Write the listing's files and then its index, which is found if it is not given."""
    folder = root.folder(LISTING_FOLDER)
    for index, start in enumerate(range(0, listing.num_rows, ROWS_PER_FILE)):
        piece = listing.slice(start, ROWS_PER_FILE)
        folder.write(file_name(index), parquet_bytes(piece, _ROW_GROUP_ROWS))
    index_record = index_record or index_of(listing)
    folder.write(INDEX_NAME, canonical_json(vars(index_record)))
    return index_record


def read_index(root: Folder) -> ListingIndex | None:
    """The listing's index, or None where no listing is finished."""
    folder = root.folder(LISTING_FOLDER)
    if not folder.exists(INDEX_NAME):
        return None
    place = folder.place(INDEX_NAME)
    fields = parse_json(folder.read(INDEX_NAME), place)
    try:
        return ListingIndex(**fields)
    except TypeError as error:
        raise RecordError(f"fields {sorted(fields)}", "a listing index", place) from error


def read_rows(root: Folder, index: ListingIndex, start: int, end: int) -> pa.Table:
    """Listing rows [start, end), reading only the row groups that hold them."""
    folder = root.folder(LISTING_FOLDER)
    pieces = list(_pieces(folder, index, start, min(end, index.num_images)))
    return pa.concat_tables(pieces) if pieces else LISTING_SCHEMA.empty_table()


def _pieces(folder: Folder, index: ListingIndex, start: int, end: int) -> Iterator[pa.Table]:
    while start < end:
        file, row = divmod(start, index.rows_per_file)
        stop = min(end - start + row, index.rows_per_file)
        groups = range(row // _ROW_GROUP_ROWS, -(-stop // _ROW_GROUP_ROWS))
        table = read_parquet(folder, file_name(file), LISTING_SCHEMA.names, groups)
        yield table.slice(row - groups.start * _ROW_GROUP_ROWS, stop - row)
        start += stop - row
