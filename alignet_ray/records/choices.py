"""Odd-one-out choices of people from any file that holds them, as one record.

    triplets    `anchor positive odd` from 0, the third is the odd one: THINGS's training files
    responses   `i j k choice subject` from 1, choice is the place of the odd one: its released ones
    table       CSV or Parquet; object1, object2, object3 and odd are object ids, subject anything

The first two are text or .npy and mean nothing without the names that their numbers count.
"""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Int

from alignet_ray.config.human_sources import ChoicesLayout
from alignet_ray.errors import ConfigError, InputError
from alignet_ray.records.human import HumanChoices, repeats
from alignet_ray.records.human_tables import (
    OBJECT_COLUMNS,
    Columns,
    encode_ids,
    object_rows,
    read_table,
    table_of_text,
)
from alignet_ray.records.number_rows import (
    NumberRows,
    fields_of,
    first_line,
    plain_text,
    rows_of_npy,
    rows_of_text,
)
from alignet_ray.records.store import read_url

ODD_COLUMN = "odd"
SUBJECT_COLUMN = "subject"
TRIPLETS, RESPONSES = "anchor positive odd", "i j k choice subject"

_COLUMNS = {3: TRIPLETS, 5: RESPONSES}
_ALLOWED = {"auto": _COLUMNS, "triplets": {3: TRIPLETS}, "responses": {5: RESPONSES}}
_LAYOUTS_OF = {"npy": ("auto", "triplets", "responses"), "parquet": ("auto", "table")}
_TABLE = Columns(more_ids=(ODD_COLUMN,), optional=(SUBJECT_COLUMN,))
_ODD_OF_TRIPLETS = 2
_NAMES_REMEDY = "Give the names file that the numbers were made with."


def read_choices(
    url: str, names: Sequence[str] | None, layout: ChoicesLayout = "auto"
) -> HumanChoices:
    """The choices in a file; without names, a table's own ids are the names, sorted.

    Raises InputError naming the first wrong lines or rows, and ConfigError where a file of numbers
    comes without names.
    """
    content = _content(url, layout)
    if isinstance(content, NumberRows):
        return _from_numbers(content, names)
    return _from_table(content, names, url)


def _content(url: str, layout: ChoicesLayout) -> NumberRows | pa.Table:
    """The file as rows of numbers or as a table, told by its suffix, header and columns."""
    suffix = url.lower().rpartition(".")[2]
    if layout not in _LAYOUTS_OF.get(suffix, (layout,)):
        raise ConfigError(
            f"{layout!r}, but {url} is a .{suffix} file", "a layout that it can have",
            "--choices-layout or --responses-layout", "Leave it out: auto finds it.",
        )  # fmt: skip
    if suffix == "parquet":
        return read_table(url, _TABLE)
    if suffix == "npy":
        return rows_of_npy(url, _ALLOWED[layout])
    text = plain_text(read_url(url))
    if layout == "table" or (layout == "auto" and _is_table(text, url)):
        return table_of_text(text, _TABLE, url)
    return rows_of_text(text, url, _ALLOWED[layout])


def _from_numbers(rows: NumberRows, names: Sequence[str] | None) -> HumanChoices:
    if names is None:
        raise ConfigError(
            f"none given, but {rows.url} holds numbers", "the ids that they count", "--names",
            "Give a file with one object id a line.",
        )  # fmt: skip
    if rows.values.shape[1] == len(TRIPLETS.split()):
        return _from_triplets(rows, names)
    return _from_responses(rows, names)


def _is_table(text: bytes, url: str) -> bool:
    """Told by the header: rows of numbers have none."""
    first = first_line(text)
    header = [field.strip(b' "') for field in re.split(rb"[,\t]", first)]
    if any(column.encode() in header for column in (*OBJECT_COLUMNS, ODD_COLUMN)):
        return True
    if re.search(rb"[,;\t]", first) and not re.search(rb"(^|[,;\t])\s*[\d+-]", first):
        header = ",".join((*OBJECT_COLUMNS, ODD_COLUMN))
        raise InputError(
            f"no header on its first line: {first[:60].decode(errors='replace')!r}",
            f"the header {header}, or whole numbers", url,
            "Separate its columns by commas or tabs." if b";" in first else f"Add {header}.",
        )  # fmt: skip
    num_fields = len(fields_of(first))
    if first and num_fields not in _COLUMNS:
        raise InputError(
            f"{num_fields} columns on its first line: {first[:60].decode(errors='replace')!r}",
            f"3 (`{TRIPLETS}`), 5 (`{RESPONSES}`), or a table with the header "
            f"{', '.join((*OBJECT_COLUMNS, ODD_COLUMN))}",
            url,
            "Bring the file to one of the layouts.",
        )
    return False


def _from_triplets(rows: NumberRows, names: Sequence[str]) -> HumanChoices:
    _refuse_out_of_range(rows, rows.values, len(names), first=0)
    rows.refuse(
        repeats(rows.values), "an object twice", "three different objects", "Drop the rows."
    )
    odd_position = np.full(len(rows.values), _ODD_OF_TRIPLETS, np.int8)
    return HumanChoices(
        names=tuple(names), triplets=rows.values, odd_position=odd_position, is_numbered=True
    )


def _from_responses(rows: NumberRows, names: Sequence[str]) -> HumanChoices:
    objects, choice = rows.values[:, :3], rows.values[:, 3]
    _refuse_out_of_range(rows, objects, len(names), first=1)
    is_no_position = (choice < 1) | (choice > len(OBJECT_COLUMNS))
    rows.refuse(
        is_no_position, f"a choice of {_first(choice, is_no_position)}",
        "1, 2 or 3, the position of the odd one out", "Look at its fourth column.",
    )  # fmt: skip
    rows.refuse(repeats(objects), "an object twice", "three different objects", "Drop the rows.")
    return HumanChoices(
        names=tuple(names),
        triplets=objects - 1,
        odd_position=(choice - 1).astype(np.int8),
        subjects=rows.values[:, 4].copy(),
        is_numbered=True,
    )


def _refuse_out_of_range(
    rows: NumberRows, objects: Int[np.ndarray, "rows 3"], num_names: int, *, first: int
) -> None:
    last = num_names - 1 + first
    least, most = int(objects.min()), int(objects.max())
    if first <= least and most <= last:
        return
    is_outside = (objects < first) | (objects > last)
    rows.refuse(
        np.logical_or.reduce(is_outside, axis=1),
        f"object numbers out of range ({_first(objects, is_outside)})",
        f"{first} to {last}, counted from {first} in the {num_names} names",
        _hint(least, most, num_names, first=first),
    )


def _hint(least: int, most: int, num_names: int, *, first: int) -> str:
    if first == 0 and least >= 1 and most == num_names:
        return "They look counted from 1: subtract 1 from each object number."
    if first == 1 and least == 0 and most < num_names:
        return "They look counted from 0: add 1 to each object number."
    return _NAMES_REMEDY


def _first(values: Int[np.ndarray, "..."], is_wrong: Bool[np.ndarray, "..."]) -> int | None:
    wrong = values[is_wrong]
    return int(wrong[0]) if len(wrong) else None


def _from_table(table: pa.Table, names: Sequence[str] | None, url: str) -> HumanChoices:
    read = object_rows(table, _TABLE, names, url)
    is_odd = read.triplets == read.rows[:, len(OBJECT_COLUMNS) :]
    read.refuse(
        ~np.logical_or.reduce(is_odd, axis=1), "an odd one outside its triplet",
        "one of object1, object2, object3", "Correct or drop the rows.",
    )  # fmt: skip
    subjects = None
    if SUBJECT_COLUMN in table.column_names:
        subjects = encode_ids(table, (SUBJECT_COLUMN,), url)[0][:, 0]
        read.refuse(subjects < 0, "no subject", "who made the choice", "Or drop the column.")
    return HumanChoices(
        names=read.names,
        triplets=np.ascontiguousarray(read.triplets),
        odd_position=is_odd.argmax(axis=1).astype(np.int8),
        subjects=subjects,
    )
