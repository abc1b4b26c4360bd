"""A list of images in CSV, TSV or Parquet: a column of URLs, and what else is known of each.

Columns: the URL (absolute, or relative to the list), and optionally `label`, `key` (a name of
your own instead of the path), `offset` and `length` (bytes of a range of a larger file). Sizes
that the list does not give are asked of the storage.
"""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.csv

from alignet_ray.config.sources import SourceConfig
from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import InputError
from alignet_ray.records.given_files import missing_is_a_mistake
from alignet_ray.records.given_parquet import column_names, plain, read_given_parquet
from alignet_ray.records.storage_faults import with_retries
from alignet_ray.records.store import Folder, join_url, read_url
from alignet_ray.stages.sources.rows import below, common_parent, listing_rows

LIST_SUFFIXES = (".csv", ".tsv", ".parquet")
_OPTIONAL_TYPES = {"key": pa.string(), "offset": pa.int64(), "length": pa.int64()}
_SIZE_THREADS = 32
_FEW_FILES = 8
_SHOWN = 3
_LETTERS_SHOWN = 100


def list_rows(urls: Sequence[str], source: SourceConfig) -> pa.Table:
    """The rows of one or several lists. Raises InputError naming the list and the row."""
    pieces = [_read_list(url, source) for url in urls]
    table = pa.concat_tables(pieces)
    _refuse_bad_ranges(table, urls[0])
    if table.num_rows == 0:
        raise InputError("no rows", "a list of images", urls[0])
    absolute = table.column("url").to_pylist()
    return listing_rows(
        urls[0],
        _keys(table, absolute, urls[0]),
        absolute,
        _lengths(table, absolute),
        table.column("label").to_pylist(),
        table.column("offset").to_pylist(),
    )


def _refuse_bad_ranges(table: pa.Table, place: str) -> None:
    ranges = zip(
        table.column("offset").to_pylist(), table.column("length").to_pylist(), strict=True
    )
    for row, (offset, length) in enumerate(ranges, 1):
        is_open = offset is not None and length is None
        if is_open or (offset or 0) < 0 or (length or 0) < 0:
            raise InputError(
                f"offset {offset} and length {length} in row {row}",
                "0 or more, and a length with every offset", place, "Mend the list.",
            )  # fmt: skip


def _read_list(url: str, source: SourceConfig) -> pa.Table:
    table = _parse(url, source)
    names = table.column_names
    if len(set(names)) < len(names):
        raise InputError(f"columns {', '.join(names)}", "each column once", url, "Mend the list.")
    wants_labels = source.label_column != SourceConfig().label_column
    for flag, name, is_needed in (
        ("url", source.url_column, True), ("label", source.label_column, wants_labels)
    ):  # fmt: skip
        if is_needed and name not in names:
            raise InputError(
                f"columns {', '.join(names)}", f"a column {name!r}", url,
                f"Name the column of {flag}s by --source.{flag}-column.",
            )  # fmt: skip
    urls = _column(table, source.url_column, pa.string(), url).to_pylist()
    gaps = [row for row, entry in enumerate(urls, 1) if not entry]
    if gaps:
        raise InputError(
            f"no URL in {len(gaps)} rows (the first is row {gaps[0]})",
            "a URL or path in every row", url, "Mend the list.",
        )  # fmt: skip
    _refuse_no_places(urls, url)
    parent = absolute_url(url).rpartition("/")[0]
    columns: dict[str, Any] = {"url": [_absolute(entry, parent) for entry in urls]}
    for name, kind in _OPTIONAL_TYPES.items():
        columns[name] = _column(table, name, kind, url) if name in names else None
    has_labels = source.label_column in names
    columns["label"] = _column(table, source.label_column, pa.string(), url) if has_labels else None
    size = table.num_rows
    return pa.table(
        {
            name: pa.nulls(size, _OPTIONAL_TYPES.get(name, pa.string())) if value is None else value
            for name, value in columns.items()
        }
    )


def _parse(url: str, source: SourceConfig) -> pa.Table:
    with missing_is_a_mistake("a list in CSV, TSV or Parquet", "Check --images."):
        data = read_url(url)
    try:
        if url.lower().endswith(".parquet"):
            return _parquet(data, source, url)
        delimiter = "\t" if url.lower().endswith(".tsv") else ","
        options = pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
        # Everything as text: a class named 01 must not become the number 1.
        header = pyarrow.csv.open_csv(pa.BufferReader(data), parse_options=options).schema.names
        convert = pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        )
        return pyarrow.csv.read_csv(
            pa.BufferReader(data), parse_options=options, convert_options=convert
        )
    except InputError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        text = " ".join(str(error).split())[:200]
        raise InputError(f"unreadable ({text})", "a list in CSV, TSV or Parquet", url) from error


def _refuse_no_places(urls: Sequence[str], place: str) -> None:
    """Raise InputError for what is no path or URL of one file: fsspec opens a chain by what a file
    at its end says, and that may be anybody's.
    """
    for row, entry in enumerate(urls, 1):
        if "\0" in entry or ("://" in entry and "::" in entry):
            raise InputError(
                f"{entry[:_LETTERS_SHOWN]!r} in row {row}", "the path or URL of one file", place,
                "Mend the list.",
            )  # fmt: skip


def _parquet(data: bytes, source: SourceConfig, url: str) -> pa.Table:
    """The columns that are known; of others the names, for what is said of the wrong ones."""
    names = column_names(data)
    read = (source.url_column, source.label_column, *_OPTIONAL_TYPES)
    table = read_given_parquet(data, read, url)
    nothing = pa.nulls(table.num_rows)
    others = [name for name in names if name not in read]
    return pa.table([*table.columns, *(nothing for _ in others)], [*table.column_names, *others])


def _column(table: pa.Table, name: str, kind: pa.DataType, url: str) -> pa.ChunkedArray:
    column = table.column(name)
    column = plain(column)
    if pa.types.is_string(column.type):
        column = pa.chunked_array([[entry or None for entry in column.to_pylist()]], pa.string())
    try:
        return column.cast(kind)
    except pa.ArrowException as error:
        raise InputError(
            f"column {name!r} of {column.type} ({error})", f"{kind} values", url, "Mend the list."
        ) from error


def _absolute(entry: str, parent: str) -> str:
    if "://" in entry or entry.startswith(("/", "~")):
        return absolute_url(entry)
    url = join_url(parent, entry)
    return url if "://" in url else absolute_url(url)


def _keys(table: pa.Table, urls: list[str], place: str) -> list[str]:
    given = table.column("key")
    if given.null_count == 0:
        return given.to_pylist()
    if given.null_count < table.num_rows:
        raise InputError(
            f"no key in {given.null_count} of {table.num_rows} rows", "a key in all rows or none",
            place, "Mend the list.",
        )  # fmt: skip
    parent = common_parent(urls)
    return [below(parent, url) for url in urls]


def _lengths(table: pa.Table, urls: list[str]) -> list[int]:
    """Bytes of each image, asked of the storage where the list does not say."""
    lengths = table.column("length").to_pylist()
    unknown = [url for url, length in zip(urls, lengths, strict=True) if length is None]
    if not unknown:
        return lengths
    sizes = file_sizes(unknown)
    return [
        sizes[url] if length is None else length for url, length in zip(urls, lengths, strict=True)
    ]


def file_sizes(urls: Sequence[str]) -> dict[str, int]:
    """Bytes of files anywhere: folders with many of them are listed, single ones are asked for.

    Raises InputError, with a count and the first names, where files are missing.
    """
    by_parent: dict[str, list[str]] = defaultdict(list)
    for url in urls:
        parent, _, name = url.rpartition("/")
        by_parent[parent].append(name)
    with ThreadPoolExecutor(_SIZE_THREADS) as pool:
        found = pool.map(lambda item: _sizes_in(*item), by_parent.items())
        sizes = {url: size for part in found for url, size in part.items()}
    missing = [url for url in urls if url not in sizes]
    if missing:
        some = ", ".join(missing[:_SHOWN])
        raise InputError(
            f"{len(missing)} of {len(urls)} files are not there ({some})", "files that exist",
            remedy="Mend the list.",
        )  # fmt: skip
    return sizes


def _sizes_in(parent: str, names: list[str]) -> dict[str, int]:
    folder = Folder(parent or "/")
    if len(names) > _FEW_FILES and not parent.startswith(("http://", "https://")):
        present = folder.sizes()
        return {f"{parent}/{name}": present[name] for name in names if name in present}
    return {
        f"{parent}/{name}": size for name in names if (size := _size_of(folder, name)) is not None
    }


def _size_of(folder: Folder, name: str) -> int | None:
    def ask() -> int | None:
        try:
            info = folder.file_system.info(folder.path(name))
        except (FileNotFoundError, NotADirectoryError):
            return None
        if info["type"] not in ("file", "directory"):
            raise InputError(
                f"a {info['type']}", "a regular file", folder.place(name), "Mend the list."
            )
        if info["size"] is None:
            raise InputError(
                "the server does not tell its size", "a size", folder.place(name),
                "Give the list a column 'length'.",
            )  # fmt: skip
        return int(info["size"])

    return with_retries(ask, folder.place(name))
