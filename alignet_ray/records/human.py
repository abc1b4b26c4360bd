"""What people said about objects, matched by object id and never by position.

Layouts of THINGS: a names file (one object id a line) gives numbers their meaning; responses are
`i j k choice subject` rows of 1-based numbers, choice being the position of the odd one out.
Two orders of the same objects exist in the wild, so whatever has rows needs its names file.
"""

import io
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from jaxtyping import Bool, Float, Int

from alignet_ray.errors import InputError
from alignet_ray.records.store import read_url

RESPONSE_COLUMNS = 5
OBJECT_COLUMNS = ("object1", "object2", "object3")
PROBABILITY_COLUMNS = ("p01", "p02", "p12")

_SUM_TOLERANCE = 1e-6
_NUM_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class HumanTriplets:
    """Triplets of object ids, as rows of `names`."""

    names: tuple[str, ...]
    triplets: Int[np.ndarray, "triplets 3"]

    def rows_among(
        self, object_ids: Sequence[str]
    ) -> tuple[Int[np.ndarray, "kept 3"], Bool[np.ndarray, "triplets"]]:
        """The triplets as rows of `object_ids`, and which ones have all three there."""
        row_of = {object_id: row for row, object_id in enumerate(object_ids)}
        rows = np.array([row_of.get(name, -1) for name in self.names], dtype=np.int64)
        renumbered = rows[self.triplets]
        kept = np.logical_and.reduce(renumbered >= 0, axis=1)
        return renumbered[kept], kept


@dataclass(frozen=True, kw_only=True)
class HumanResponses(HumanTriplets):
    """One row per response: the position (0, 1, 2) of the odd one out, and who said so."""

    odd_position: Int[np.ndarray, "triplets"]
    subjects: Int[np.ndarray, "triplets"]


@dataclass(frozen=True, kw_only=True)
class HumanProbabilities(HumanTriplets):
    """Probability of each pair, in pair order, to be called the most similar one."""

    probabilities: Float[np.ndarray, "triplets 3"]


def read_names(url: str) -> tuple[str, ...]:
    """Object ids, one a line; the line number gives responses' numbers their meaning."""
    try:
        lines = read_url(url).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 ({error.reason})", "one object id a line", url) from error
    while lines and not lines[-1].strip():
        lines.pop()
    names = [line.strip() for line in lines]
    if len(names) < 3:
        raise InputError(f"{len(names)} names", "at least 3 object ids, one a line", url)
    seen: dict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(names, 1):
        seen[name].append(number)
    if "" in seen:
        raise InputError(f"empty {_lines(seen[''])}", "one object id a line", url)
    repeated = {name: numbers for name, numbers in seen.items() if len(numbers) > 1}
    if repeated:
        listed = ", ".join(
            f"{name!r} on {_lines(at)}" for name, at in islice(repeated.items(), _NUM_SHOWN)
        )
        raise InputError(f"repeated object ids: {listed}", "each id once", url)
    return tuple(names)


def read_responses(url: str, names: Sequence[str]) -> HumanResponses:
    """Responses in the THINGS layout. Raises InputError naming the first wrong lines."""
    table, line_of = _whole_numbers(read_url(url), url)
    objects, choice = table[:, :3], table[:, 3]

    def refuse(is_wrong: Bool[np.ndarray, "responses"], what: str, expectation: str) -> None:
        if is_wrong.any():
            lines = _lines(line_of[np.flatnonzero(is_wrong)])
            remedy = "Give the names file that the responses were made with."
            raise InputError(f"{what} on {lines}", expectation, url, remedy)

    out_of_range = np.logical_or.reduce((objects < 1) | (objects > len(names)), axis=1)
    refuse(out_of_range, "object numbers out of range", f"1 to {len(names)}, lines of the names")
    refuse((choice < 1) | (choice > 3), "a choice", "1, 2 or 3, the position of the odd one out")
    refuse(_repeats(objects), "an object twice", "three different objects")
    return HumanResponses(
        names=tuple(names), triplets=objects - 1, odd_position=choice - 1, subjects=table[:, 4]
    )


def _whole_numbers(
    data: bytes, url: str
) -> tuple[Int[np.ndarray, "rows 5"], Int[np.ndarray, "rows"]]:
    """The table, and the line of each row."""
    lines = data.splitlines()
    line_of = np.array([n for n, line in enumerate(lines, 1) if line.strip()], dtype=np.int64)
    if not len(line_of):
        raise InputError("no responses", "rows of `i j k choice subject`", url)
    try:
        table = np.loadtxt(io.BytesIO(data), dtype=np.int64, ndmin=2, comments=None)
    except ValueError:
        table = np.empty((0, 0), np.int64)
    if table.shape == (len(line_of), RESPONSE_COLUMNS):
        return table, line_of
    wrong = [n for n in line_of.tolist() if not _is_response(lines[n - 1])] or line_of.tolist()
    first = lines[wrong[0] - 1][:60].decode(errors="replace")
    raise InputError(
        f"{_lines(wrong)}: {first!r}",
        "five whole numbers `i j k choice subject`, without a header",
        url,
    )


def _is_response(line: bytes) -> bool:
    fields = line.split()
    return len(fields) == RESPONSE_COLUMNS and all(re.fullmatch(rb"[-+]?\d+", f) for f in fields)


def read_probabilities(url: str, names: Sequence[str]) -> HumanProbabilities:
    """Triplet probabilities from Parquet or CSV: object1..3 are ids, p01, p02, p12 sum to 1.

    Raises InputError naming the first wrong rows, counted from 1 without the header.
    """
    table = _read_table(url)
    absent = [c for c in (*OBJECT_COLUMNS, *PROBABILITY_COLUMNS) if c not in table.column_names]
    if absent or not table.num_rows:
        what = f"no column {', '.join(absent)}" if absent else "no rows"
        raise InputError(what, f"columns {', '.join(OBJECT_COLUMNS + PROBABILITY_COLUMNS)}", url)
    row_of = {name: row for row, name in enumerate(names)}
    ids = [table.column(column).cast(pa.string()).to_pylist() for column in OBJECT_COLUMNS]
    triplets = np.array([[row_of.get(i, -1) for i in column] for column in ids], np.int64).T
    try:
        columns = [table.column(c).cast(pa.float64()).to_numpy() for c in PROBABILITY_COLUMNS]
    except pa.ArrowInvalid as error:
        raise InputError(f"not a number ({error})", "probabilities", url) from error
    probabilities = np.column_stack(columns)
    is_unknown = np.logical_or.reduce(triplets < 0, axis=1)
    _refuse_rows(is_unknown, "objects that the names file lacks", "its ids", url)
    _refuse_rows(_repeats(triplets), "an object twice", "three different objects", url)
    is_within = (probabilities >= 0) & (probabilities <= 1)  # NaN is not
    _refuse_rows(
        np.logical_or.reduce(~is_within, axis=1),
        "probabilities out of range",
        "numbers from 0 to 1",
        url,
    )
    is_off = np.abs(probabilities.sum(axis=1) - 1) > _SUM_TOLERANCE
    _refuse_rows(is_off, "probabilities that do not sum to 1", "p01 + p02 + p12 = 1", url)
    return HumanProbabilities(names=tuple(names), triplets=triplets, probabilities=probabilities)


def _read_table(url: str) -> pa.Table:
    source = io.BytesIO(read_url(url))
    try:
        if url.endswith(".parquet"):
            return pq.read_table(source)
        as_text = {column: pa.string() for column in OBJECT_COLUMNS}
        # An id may read "null" or be empty to arrow: every string stands for itself.
        options = pacsv.ConvertOptions(column_types=as_text, strings_can_be_null=False)
        return pacsv.read_csv(source, convert_options=options)
    except pa.ArrowException as error:
        first_line = str(error).splitlines()[0][:200]
        raise InputError(f"unreadable ({first_line})", "a .parquet or .csv table", url) from error


def _refuse_rows(is_wrong: Bool[np.ndarray, "rows"], what: str, expectation: str, url: str) -> None:
    if is_wrong.any():
        rows = _numbers("row", np.flatnonzero(is_wrong) + 1)
        raise InputError(f"{what} in {rows}", expectation, url)


def read_human_embedding(url: str, names: Sequence[str]) -> Float[np.ndarray, "objects dim"]:
    """A human embedding (.npy), rows in the order of the names."""
    try:
        embedding = np.load(io.BytesIO(read_url(url)), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise InputError(f"unreadable ({error})", "a .npy file of numbers", url) from error
    is_matrix = isinstance(embedding, np.ndarray) and embedding.ndim == 2
    if not is_matrix or embedding.shape[0] != len(names):
        raise InputError(
            f"shape {getattr(embedding, 'shape', None)}",
            f"{len(names)} rows, one for each name",
            url,
            "Give the names file in the order of the embedding's rows.",
        )
    if embedding.dtype.kind not in "fiu" or not np.isfinite(embedding).all():
        raise InputError("NaN, infinity or no numbers", "finite numbers", url)
    return embedding.astype(np.float64)


def _repeats(triplets: Int[np.ndarray, "rows 3"]) -> Bool[np.ndarray, "rows"]:
    first, second, third = triplets.T
    return (first == second) | (first == third) | (second == third)


def _lines(numbers: Sequence[int] | Int[np.ndarray, "lines"]) -> str:
    return _numbers("line", numbers)


def _numbers(unit: str, numbers: Sequence[int] | Int[np.ndarray, "lines"]) -> str:
    shown = ", ".join(str(number) for number in numbers[:_NUM_SHOWN])
    more = f" and {len(numbers) - _NUM_SHOWN:,} more" if len(numbers) > _NUM_SHOWN else ""
    return f"{unit}{'s' if len(numbers) > 1 else ''} {shown}{more}"
