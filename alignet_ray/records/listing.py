"""The listing: every image's key, place and label in the one order of everything.

`offset` and `length` are a byte range of the file at `url`; without an offset it is the whole file.
Written first, permuted by the seed; an image's id is its row. `listing.json` is written last.
The digest covers keys, byte ranges' lengths and labels in order, never URLs; the files, which hold
URLs too, have digests of their own.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from alignet_ray.errors import RecordError
from alignet_ray.records.digests import Json, canonical_json, parse_json, sha256
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
        pa.field("offset", pa.int64()),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("label", pa.string()),
    ]
)
COLUMNS = tuple(LISTING_SCHEMA.names)


@dataclass(frozen=True, kw_only=True)
class ListingIndex:
    """What `listing.json` says: rows in all, rows a file, and the digest of the order.

    `files_sha256` are the digests of the files; where images lie is no part of what a listing is.
    """

    num_images: int
    rows_per_file: int
    sha256: str
    files_sha256: tuple[str, ...] = field(default=(), compare=False)

    @property
    def num_files(self) -> int:
        """Files in all."""
        return -(-self.num_images // self.rows_per_file)


def listing_sha256(listing: pa.Table) -> str:
    """Digest of (key, length, label) in order."""
    return rows_sha256([listing])


def rows_sha256(pieces: Iterable[pa.Table]) -> str:
    """Digest of (key, length, label) in order, of a listing that comes piece by piece."""
    state = hashlib.sha256()
    batches = (batch for piece in pieces for batch in piece.to_batches(_ROW_GROUP_ROWS))
    for batch in batches:
        columns = [batch.column(name).to_pylist() for name in ("key", "length", "label")]
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
    digests: list[str] = []
    for index, start in enumerate(range(0, listing.num_rows, ROWS_PER_FILE)):
        data = parquet_bytes(listing.slice(start, ROWS_PER_FILE), _ROW_GROUP_ROWS)
        folder.write(file_name(index), data)
        digests.append(sha256(data))
    index_record = replace(index_record or index_of(listing), files_sha256=tuple(digests))
    folder.write(INDEX_NAME, canonical_json(vars(index_record)))
    return index_record


def read_index(root: Folder) -> ListingIndex | None:
    """The listing's index, or None where no listing is finished."""
    folder = root.folder(LISTING_FOLDER)
    if not folder.exists(INDEX_NAME):
        return None
    place = folder.place(INDEX_NAME)
    return parse_index(parse_json(folder.read(INDEX_NAME), place), place)


def parse_index(fields: Json, place: str) -> ListingIndex:
    """The index that JSON fields hold. Raises RecordError where they hold none."""
    try:
        files_sha256 = tuple(fields.get("files_sha256", ()))
        taken: Json = {**fields, "files_sha256": files_sha256}
        return ListingIndex(**taken)
    except TypeError as error:
        raise RecordError(f"fields {sorted(fields)}", "a listing index", place) from error


def read_rows(
    root: Folder,
    index: ListingIndex,
    start: int,
    end: int,
    columns: Sequence[str] = COLUMNS,
) -> pa.Table:
    """Listing rows [start, end), reading only the columns and row groups that hold them."""
    folder = root.folder(LISTING_FOLDER)
    pieces = list(_pieces(folder, index, start, min(end, index.num_images), columns))
    return pa.concat_tables(pieces) if pieces else LISTING_SCHEMA.empty_table().select(columns)


def _pieces(
    folder: Folder, index: ListingIndex, start: int, end: int, columns: Sequence[str]
) -> Iterator[pa.Table]:
    while start < end:
        file, row = divmod(start, index.rows_per_file)
        stop = min(end - start + row, index.rows_per_file)
        groups = range(row // _ROW_GROUP_ROWS, -(-stop // _ROW_GROUP_ROWS))
        table = read_parquet(folder, file_name(file), columns, groups)
        yield table.slice(row - groups.start * _ROW_GROUP_ROWS, stop - row)
        start += stop - row
