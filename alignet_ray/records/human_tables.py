"""Tables (CSV with a header, Parquet) whose rows name three objects by their ids.

Ids are encoded by Arrow and compared once per different id, so that millions of rows are quick.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from jaxtyping import Bool, Float, Int

from alignet_ray.errors import InputError
from alignet_ray.records.given_parquet import column_names, plain, read_given_parquet
from alignet_ray.records.human import HumanProbabilities, repeats
from alignet_ray.records.number_rows import first_line, plain_text
from alignet_ray.records.store import read_url
from alignet_ray.records.wording import numbered, quoted

OBJECT_COLUMNS = ("object1", "object2", "object3")
PROBABILITY_COLUMNS = ("p01", "p02", "p12")

_IDS = pa.dictionary(pa.int32(), pa.string())
_SUM_TOLERANCE = 1e-5


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What a table holds besides its three objects: more ids, others it needs, others it may have.

    Ids and optional columns of a CSV stay the strings that they are.
    """

    more_ids: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The columns that name objects."""
        return (*OBJECT_COLUMNS, *self.more_ids)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns without which it is no such table."""
        return (*self.ids, *self.others)


@dataclass(frozen=True, kw_only=True)
class ObjectRows:
    """A table's id columns as rows of `names`, of which OBJECT_COLUMNS come first."""

    url: str
    names: tuple[str, ...]
    rows: Int[np.ndarray, "rows ids"]

    @property
    def triplets(self) -> Int[np.ndarray, "rows 3"]:
        """The three objects of each row."""
        return self.rows[:, : len(OBJECT_COLUMNS)]

    def refuse(
        self, is_wrong: Bool[np.ndarray, "rows"], what: str, expectation: str, remedy: str = ""
    ) -> None:
        """Raise InputError naming the first wrong rows, from 1 without the header, if any."""
        refuse_rows(is_wrong, what, expectation, self.url, remedy)


def refuse_rows(
    is_wrong: Bool[np.ndarray, "rows"], what: str, expectation: str, url: str, remedy: str = ""
) -> None:
    """Raise InputError naming the first wrong rows, from 1 without the header, if any."""
    wrong = np.flatnonzero(is_wrong)
    if len(wrong):
        raise InputError(f"{what} in {numbered('row', wrong + 1)}", expectation, url, remedy)


def object_rows(
    table: pa.Table, columns: Columns, names: Sequence[str] | None, url: str
) -> ObjectRows:
    """The id columns as rows of the names; without names, they are the table's own ids, sorted.

    Raises InputError naming the first rows with an unknown object or one twice.
    """
    codes, found = encode_ids(table, columns.ids, url)
    is_empty = np.logical_or.reduce(codes < 0, axis=1)
    refuse_rows(is_empty, "no object id", "an id in each of its columns", url, "Drop the rows.")
    counts = sum(np.bincount(column, minlength=len(found)) for column in codes.T)
    present = [found[code] for code in np.flatnonzero(counts)]
    names = tuple(sorted(present)) if names is None else tuple(names)
    row_of = {name: row for row, name in enumerate(names)}
    rows = np.array([row_of.get(name, -1) for name in found], np.int32)[codes]
    read = ObjectRows(url=url, names=names, rows=rows)
    unknown = quoted(name for name in present if name not in row_of)
    read.refuse(
        np.logical_or.reduce(rows < 0, axis=1),
        f"objects that the names file lacks ({unknown})",
        "its ids",
        "Give the --names of these objects, or drop the rows.",
    )
    read.refuse(
        repeats(read.triplets), "an object twice", "three different objects", "Drop the rows."
    )
    return read


def encode_ids(
    table: pa.Table, columns: Sequence[str], url: str
) -> tuple[Int[np.ndarray, "rows columns"], list[str]]:
    """Each value as its place in one list of different strings; null and empty are -1."""
    try:
        encoded = [_encoded(table.column(column)) for column in columns]
    except pa.ArrowException as error:
        raise InputError(
            f"columns {', '.join(columns)} ({error})", "ids, as text or numbers", url,
            "Save these columns as text.",
        ) from error  # fmt: skip
    chunks = [chunk for column in encoded for chunk in column.chunks]
    one = pa.chunked_array(chunks, _IDS).unify_dictionaries()
    codes = [chunk.indices.fill_null(-1).to_numpy() for chunk in one.chunks]
    found = one.chunk(0).dictionary.to_pylist() if codes else []
    joined = np.concatenate(codes) if codes else np.empty(0, np.int32)
    if "" in found:
        joined = np.where(joined == found.index(""), np.int32(-1), joined)
    return joined.reshape(len(columns), -1).T, found


def _encoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """As 32-bit codes of strings, whatever the type of the ids was."""
    if pa.types.is_dictionary(column.type):
        return column.cast(_IDS)
    return column.cast(pa.string()).dictionary_encode().cast(_IDS)


def read_probabilities(url: str, names: Sequence[str] | None) -> HumanProbabilities:
    """Triplet probabilities from Parquet or CSV: object1..3 are ids, p01, p02, p12 sum to 1.

    Raises InputError naming the first wrong rows, counted from 1 without the header.
    """
    columns = Columns(others=PROBABILITY_COLUMNS)
    table = read_table(url, columns)
    read = object_rows(table, columns, names, url)
    probabilities = np.column_stack([_floats(table, c, url) for c in PROBABILITY_COLUMNS])
    is_within = (probabilities >= 0) & (probabilities <= 1)  # NaN is not
    is_outside = np.logical_or.reduce(~is_within, axis=1)
    read.refuse(
        is_outside, "probabilities out of range", "numbers from 0 to 1", "Correct or drop the rows."
    )
    is_off = np.abs(probabilities.sum(axis=1) - 1) > _SUM_TOLERANCE
    read.refuse(
        is_off,
        "probabilities that do not sum to 1",
        "p01 + p02 + p12 = 1",
        "Divide them by their sum.",
    )
    return HumanProbabilities(names=read.names, triplets=read.triplets, probabilities=probabilities)


def _floats(table: pa.Table, column: str, url: str) -> Float[np.ndarray, "rows"]:
    try:
        return table.column(column).cast(pa.float64()).to_numpy()
    except pa.ArrowException as error:
        raise InputError(
            f"not a number ({error})", f"probabilities in {column}", url, "Look at that column."
        ) from error


def read_table(url: str, columns: Columns) -> pa.Table:
    """Those columns of a Parquet or CSV file. Raises InputError where one is absent or doubled."""
    if url.lower().endswith(".parquet"):
        return _checked(_read_parquet, read_url(url), columns, url)
    return table_of_text(plain_text(read_url(url)), columns, url)


def table_of_text(text: bytes, columns: Columns, url: str) -> pa.Table:
    """Those columns of the `plain_text` of a CSV file with a header."""
    return _checked(_read_csv, text, columns, url)


def _checked(
    read: Callable[[Any, Columns, str], pa.Table], source: Any, columns: Columns, url: str
) -> pa.Table:
    expectation = f"columns {', '.join(columns.needed)}"
    try:
        table = read(source, columns, url)
    except InputError:
        raise
    except (ValueError, OSError, pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
        what = f"unreadable ({str(error).splitlines()[0][:200]})"
        is_text = isinstance(error, UnicodeDecodeError) or "UTF8" in str(error)
        remedy = "Save it as UTF-8." if is_text else f"It needs the {expectation}."
        raise InputError(what, "a .parquet or .csv table", url, remedy) from error
    if not table.num_rows:
        raise InputError("no rows", f"rows with {expectation}", url, "Give a file with rows.")
    return table


def _chosen(present: Sequence[str], columns: Columns, url: str) -> list[str]:
    """The columns to read. Raises InputError naming those that are absent or there twice."""
    absent = [column for column in columns.needed if column not in present]
    if absent:
        raise InputError(
            f"no column {', '.join(absent)}", f"columns {', '.join(columns.needed)}", url,
            f"It has {quoted(present)}." if present else "The file is empty.",
        )  # fmt: skip
    chosen = [*columns.needed, *(column for column in columns.optional if column in present)]
    doubled = [column for column in chosen if present.count(column) > 1]
    if doubled:
        raise InputError(
            f"column {doubled[0]} twice", "each column once", url, "Rename one of them."
        )
    return chosen


def _read_parquet(data: bytes, columns: Columns, url: str) -> pa.Table:
    chosen = _chosen(column_names(data), columns, url)
    table = read_given_parquet(data, chosen, url).select(chosen)
    for name in columns.others:
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, plain(table.column(name)))
    return table


def _read_csv(text: bytes, columns: Columns, url: str) -> pa.Table:
    header = first_line(text).decode()
    delimiter = "\t" if "\t" in header else ","
    present = next(csv.reader(io.StringIO(header), delimiter=delimiter), [])
    return pacsv.read_csv(
        pa.BufferReader(text),
        parse_options=pacsv.ParseOptions(delimiter=delimiter),
        convert_options=pacsv.ConvertOptions(
            include_columns=_chosen(present, columns, url),
            column_types=dict.fromkeys([*columns.ids, *columns.optional], _IDS),
            # An id may read "null" or be empty to arrow: every string stands for itself.
            strings_can_be_null=False,
        ),
    )
