"""Small CSV tables with a header, row by row as text: designs, catch trials, class categories."""

import csv
import io
from collections.abc import Sequence

from alignet_ray.errors import InputError
from alignet_ray.records.number_rows import first_line, plain_text
from alignet_ray.records.store import read_url
from alignet_ray.records.wording import quoted


def csv_rows(url: str, columns: Sequence[str]) -> list[dict[str, str]]:
    """Those columns of each row, without surrounding blanks; separated by commas or tabs.

    Raises InputError where the file is no such table, a column is absent, or a row lacks one.
    """
    expectation = f"a table with columns {', '.join(columns)}"
    text = plain_text(read_url(url))
    delimiter = "\t" if b"\t" in first_line(text) else ","
    try:
        reader = csv.DictReader(io.StringIO(text.decode()), delimiter=delimiter)
        present = list(reader.fieldnames or [])
        read = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"unreadable ({error})", expectation, url, "Save it as CSV.") from error
    absent = [column for column in columns if column not in present]
    if absent:
        remedy = f"It has {quoted(present)}." if present else "The file is empty."
        raise InputError(f"no column {', '.join(absent)}", expectation, url, remedy)
    rows: list[dict[str, str]] = []
    for number, row in enumerate(read, 1):
        values = {column: (row[column] or "").strip() for column in columns}
        if not all(values.values()):
            raise InputError(f"an empty field in row {number}", expectation, url, "Drop the row.")
        rows.append(values)
    if not rows:
        raise InputError("no rows", expectation, url, "Give a table with rows.")
    return rows
