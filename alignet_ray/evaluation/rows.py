"""Rows of results: one figure each, with its interval, its number of items, and what it is of.

Every part of the results keeps its figures as such rows, so that the table, the CSV and the page
read them alike. A figure that is not defined is null, and `undefined` says why; a `remark` says
what to think of one. Figures have six decimals, more than any interval leaves certain.
"""

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

from alignet_ray.functional.bootstrap import Interval

Row = dict[str, Any]

KEYS = (
    "part", "kind", "measure", "data", "level", "label", "variant", "base", "from", "to",
    "similarity", "temperature", "layer", "estimate", "low", "high", "num", "unit", "undefined",
    "remark",
)  # fmt: skip
"""What a row may say, in the order of the columns of figures.csv."""

_DECIMALS = 6
FIGURES, DIFFERENCES, CEILINGS = "figures", "differences", "ceilings"
"""Lists of rows in a part of the results."""


def row(
    measure: str,
    interval: Interval,
    num: int,
    unit: str,
    *,
    undefined: str | None = None,
    **of: str | float | None,
) -> Row:
    """One figure: what it measures, over how many items of what unit, and what it is of.

    `of` holds others of KEYS (`from_` is `from`). Values are `rounded`.
    """
    named = {key.rstrip("_"): value for key, value in of.items() if value is not None}
    unknown = set(named) - set(KEYS)
    if unknown:
        raise ValueError(f"row with {sorted(unknown)}; expected some of {KEYS}")
    values = {name: rounded(value) for name, value in interval._asdict().items()}
    why = {} if undefined is None else {"undefined": undefined}
    return {"measure": measure, **named, **values, "num": num, "unit": unit, **why}


def is_own_change(row: Row) -> bool:
    """Whether a difference is of a label from its own base: another label's is named in `base`."""
    return "base" not in row


def rounded(value: float) -> float | None:
    """To six decimals, no zero with a sign; null where it is not finite."""
    return round(float(value), _DECIMALS) + 0.0 if math.isfinite(value) else None


def significant(value: float) -> float | None:
    """To six digits, for values of any size; null where it is not finite."""
    return float(f"{value:.6g}") + 0.0 if math.isfinite(value) else None


def rows_of(results: Row, part: str, kind: str) -> list[Row]:
    """Rows of one kind (`figures`, `differences`, `ceilings`) of one part of the results."""
    return results["parts"].get(part, {}).get(kind, [])


def csv_text(results: Row, parts: Sequence[str]) -> str:
    """All rows of the results as one table with the columns KEYS."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(KEYS)
    for part in parts:
        for kind in (FIGURES, DIFFERENCES, CEILINGS):
            for own in rows_of(results, part, kind):
                named: Row = {"part": part, "kind": kind.removesuffix("s"), **own}
                writer.writerow([named.get(key) for key in KEYS])
    return sheet.getvalue()
