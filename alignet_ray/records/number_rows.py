"""Rows of whole numbers, as THINGS writes triplets: text with spaces, tabs or commas, or .npy.

Millions of rows are parsed by Arrow; only a file that is refused is gone through line by line.
"""

import contextlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from jaxtyping import Bool, Int

from alignet_ray.errors import InputError
from alignet_ray.records.arrays import read_npy
from alignet_ray.records.wording import NUM_SHOWN, numbered

_SEPARATORS = bytes.maketrans(b",\t", b"  ")
_PARSED = b"0123456789- \n"
_WHOLE_NUMBER = re.compile(rb"-?\d{1,18}")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_SHOWN = 60


@dataclass(frozen=True, kw_only=True)
class NumberRows:
    """Whole numbers, and where each row stands in its file; `text` is None where rows are rows."""

    url: str
    values: Int[np.ndarray, "rows columns"]
    text: bytes | None

    def refuse(
        self, is_wrong: Bool[np.ndarray, "rows"], what: str, expectation: str, remedy: str = ""
    ) -> None:
        """Raise InputError naming the first wrong rows or lines, if there are any."""
        wrong = np.flatnonzero(is_wrong)
        if not len(wrong):
            return
        shown = wrong + 1 if self.text is None else _lines_of(self.text, wrong)
        unit = "row" if self.text is None else "line"
        raise InputError(f"{what} on {numbered(unit, shown)}", expectation, self.url, remedy)


def rows_of_npy(url: str, meanings: dict[int, str]) -> NumberRows:
    """The rows of a .npy file; `meanings` says what each allowed number of columns holds."""
    return NumberRows(url=url, values=_from_npy(url, meanings), text=None)


def rows_of_text(text: bytes, url: str, meanings: dict[int, str]) -> NumberRows:
    """The rows of a `plain_text`; `meanings` says what each allowed number of columns holds.

    Raises InputError naming the first lines that are no whole numbers or of another length.
    """
    return NumberRows(url=url, values=_parse(text, url, meanings), text=text)


def plain_text(data: bytes) -> bytes:
    """Text without a byte order mark, each line ended by a newline alone."""
    text = data.removeprefix(_BYTE_ORDER_MARK)
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text


def first_line(text: bytes) -> bytes:
    """The first line that is not blank; empty where there is none."""
    return next((line.strip() for line in io.BytesIO(text) if line.strip()), b"")


def _expected(meanings: dict[int, str]) -> str:
    return " or ".join(f"{count} whole numbers `{what}`" for count, what in meanings.items())


def _from_npy(url: str, meanings: dict[int, str]) -> Int[np.ndarray, "rows columns"]:
    expectation = f"rows of {_expected(meanings)}"
    array = read_npy(url, expectation)
    remedy = "Save it as an array of whole numbers, such as array.astype(np.int64)."
    if array.dtype.kind not in "iu":
        raise InputError(f"type {array.dtype}", expectation, url, remedy)
    if array.ndim != 2 or array.shape[1] not in meanings or not len(array):
        raise InputError(f"shape {array.shape}", expectation, url, "Save one row for each choice.")
    if array.max() > np.iinfo(np.int64).max:
        raise InputError(f"number {array.max()}", expectation, url, remedy)
    is_small = max(-int(array.min()), int(array.max())) <= np.iinfo(np.int32).max
    return array.astype(np.int32 if is_small else np.int64)


def _parse(text: bytes, url: str, meanings: dict[int, str]) -> Int[np.ndarray, "rows columns"]:
    first = first_line(text)
    if not first:
        raise InputError(
            "no rows: the file is empty", _expected(meanings), url, "Give a file with choices."
        )
    num_columns = len(fields_of(first))
    plain = _single_spaces(text.translate(_SEPARATORS))
    if num_columns in meanings and not plain.translate(None, _PARSED):
        for numbers in (pa.int32(), pa.int64()):  # half the memory, where they are not too large
            with contextlib.suppress(pa.ArrowInvalid):  # said below, with the lines
                return _arrow_rows(plain, num_columns, numbers)
    raise _refusal(text, url, {num_columns} & set(meanings) or set(meanings), meanings)


def _single_spaces(text: bytes) -> bytes:
    """One space between numbers and none around them; most files are so already."""
    if not text.startswith(b" ") and not any(pair in text for pair in (b"  ", b" \n", b"\n ")):
        return text
    squeezed = re.sub(rb" +", b" ", text)
    return squeezed.replace(b" \n", b"\n").replace(b"\n ", b"\n").strip(b" ")


def _arrow_rows(
    text: bytes, num_columns: int, numbers: pa.DataType
) -> Int[np.ndarray, "rows columns"]:
    columns = [str(column) for column in range(num_columns)]
    table = pacsv.read_csv(
        pa.BufferReader(text),
        read_options=pacsv.ReadOptions(column_names=columns),
        parse_options=pacsv.ParseOptions(delimiter=" ", quote_char=False),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(columns, numbers), null_values=[]
        ),
    )
    values = np.empty((table.num_rows, num_columns), numbers.to_pandas_dtype())
    for column in range(num_columns):
        values[:, column] = table.column(column).to_numpy()
    return values


def _refusal(text: bytes, url: str, counts: set[int], meanings: dict[int, str]) -> InputError:
    wrong = [
        (number, line)
        for number, line in _numbered_lines(text)
        if len(fields_of(line)) not in counts
        or not all(_WHOLE_NUMBER.fullmatch(field) for field in fields_of(line))
    ]
    if not wrong:
        return InputError("unreadable", _expected(meanings), url, "Look for odd characters.")
    shown = wrong[0][1].strip()[:_LINE_SHOWN].decode(errors="replace")
    expected = _expected({count: meanings[count] for count in sorted(counts)})
    return InputError(
        f"{numbered('line', [number for number, _ in wrong])}: {shown!r}",
        f"{expected} on each line, without a header",
        url,
        "Separate them by spaces, tabs or commas.",
    )


def fields_of(line: bytes) -> list[bytes]:
    """The fields of a line between spaces, tabs and commas."""
    return line.translate(_SEPARATORS).split()


def _numbered_lines(text: bytes) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers from 1."""
    return ((n, line) for n, line in enumerate(io.BytesIO(text), 1) if line.strip())


def _lines_of(text: bytes, rows: Int[np.ndarray, "rows"]) -> Sequence[int]:
    """The line of the first few rows, and the others as they are: they are only counted."""
    first = rows[:NUM_SHOWN].tolist()
    wanted = set(first)
    numbers = (n for row, (n, _) in enumerate(_numbered_lines(text)) if row in wanted)
    return [*islice(numbers, len(first)), *rows[NUM_SHOWN:].tolist()]
