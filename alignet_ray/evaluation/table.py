"""The tables that a person reads at the end: each part's chief figures, and what was left out."""

import sys
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from alignet_ray.evaluation.rows import (
    CEILINGS,
    DIFFERENCES,
    FIGURES,
    Row,
    is_own_change,
    rows_of,
)
from alignet_ray.records.digests import Json

_PEOPLE = "people"
_NUM_SHOWN = 3
_PLAIN_WIDTH = 180
_OF = ("data", "level", "similarity", "temperature")
_SHOWN_OF = ("data", "level")


def print_results(results: Json, headlines: Mapping[str, Sequence[str]], places: Json) -> None:
    """The chief figures of every part (`headlines`: part -> measures), then where to look."""
    console = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)
    for part, measures in headlines.items():
        ceilings = rows_of(results, part, CEILINGS)
        for measure in measures if part in results["parts"] else ():
            rows = _chief_rows(results, part, measure)
            if rows:
                console.print(_table(results, part, measure, rows, ceilings))
                ceilings = []  # they stand with the part's first measure
    for line in (*_notes(results), *_places(places)):
        console.print(line, markup=False, soft_wrap=True)


def _chief_rows(results: Json, part: str, measure: str) -> list[Row]:
    """Figures of a measure under the last similarity and the first temperature: the others are in
    the CSV and on the page.
    """
    settings = results["settings"]
    similarity, temperature = settings["similarities"][-1], settings["temperatures"][0]
    return [
        own
        for own in rows_of(results, part, FIGURES)
        if own["measure"] == measure
        and own.get("similarity") in (None, similarity)
        and own.get("temperature") in (None, temperature)
    ]


def interval_text(row: Row, sign: str = "") -> str:
    """Estimate and interval as a person reads them, or why there is none."""
    if row["estimate"] is None:
        return row.get("undefined") or "not defined"
    estimate, low, high = (
        "?" if row[key] is None else format(row[key], f"{sign}z.4f")
        for key in ("estimate", "low", "high")
    )
    has_interval = row["low"] is not None or row["high"] is not None
    return f"{estimate} [{low}, {high}]" if has_interval else f"{estimate} (no interval)"


def _table(
    results: Json, part: str, measure: str, rows: Sequence[Row], ceilings: Sequence[Row]
) -> Table:
    """The rows by what they are of, and how far people agree below those of the same."""
    name = results["parts"][part].get("data", {}).get("name")
    similarities = {own["similarity"] for own in rows if "similarity" in own}
    title = ", ".join([measure, *([name] if name else []), *sorted(similarities)])
    table = Table(title=title, box=box.SIMPLE, title_justify="left")
    rows = [*rows, *({**own, "label": _PEOPLE, "variant": own["measure"]} for own in ceilings)]
    of = [key for key in _SHOWN_OF if {own.get(key) for own in rows} - {None, name}]
    for key in of:
        table.add_column(key, no_wrap=True)
    for column in ("model", "variant"):
        table.add_column(column, no_wrap=True)
    for column in ("value [95 %]", "change [95 %]", "n"):
        table.add_column(column, justify="right", no_wrap=True)
    changes = {
        _key(own, "to"): own
        for own in rows_of(results, part, DIFFERENCES)
        # Of the model's own base, not of another model.
        if own["measure"] == measure and is_own_change(own)
    }
    seen = {key: list(dict.fromkeys(own.get(key) for own in rows)) for key in of}
    for own in sorted(rows, key=lambda own: _order(results, own, seen)):
        change = changes.get(_key(own, "variant"))
        table.add_row(
            *(_text(own.get(key)) for key in of),
            own.get("label", ""),
            own.get("variant", ""),
            interval_text(own),
            interval_text(change, "+") if change else "",
            f"{own['num']:,} {own['unit']}",
        )
    return table


def _key(row: Row, variant: str) -> tuple[object, ...]:
    return (*(row.get(key) for key in _OF), row.get("label"), row.get(variant))


def _order(results: Json, row: Row, seen: Mapping[str, Sequence[object]]) -> tuple[int, ...]:
    """By what it is of in the order of the rows, then models in the order given."""
    names = [(model["label"], model["variant"]) for model in results["models"]]
    name = (row.get("label"), row.get("variant"))
    of = tuple(values.index(row.get(key)) for key, values in seen.items())
    return *of, names.index(name) if name in names else len(names)


def _text(value: object) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _notes(results: Json) -> list[str]:
    notes = [
        f"{own['measure']}, {own['label']} {own['variant']}, {own['similarity']}: {own['remark']}"
        for part in results["parts"]
        for own in rows_of(results, part, FIGURES)
        if "remark" in own
    ]
    settings = results["settings"]
    notes.append(f"{settings['ties']}; intervals: {settings['interval']}")
    for measured in results["parts"].values():
        notes += _left_out_objects(measured.get("data", {}))
    notes += [f"left out: {own['what']}: {own['reason']}" for own in results["left_out"]]
    return notes


def _left_out_objects(data: Json) -> list[str]:
    notes: list[str] = []
    missing = data.get("missing_images", [])
    rejected = [f"{key}: {why}" for key, why in data.get("rejected_images", {}).items()]
    for items, what in ((missing, "objects without an image"), (rejected, "images")):
        if items:
            shown = ", ".join(items[:_NUM_SHOWN]) + (", ..." if len(items) > _NUM_SHOWN else "")
            notes.append(f"left out: {what}: {len(items):,} ({shown})")
    if data.get("num_dropped_responses"):
        notes.append(f"left out: responses that show them: {data['num_dropped_responses']:,}")
    return notes


def _places(places: Json) -> list[str]:
    return [
        "every figure, under every similarity and temperature: "
        f"{places['results']} and {places['csv']}",
        f"look at it: {places['page']}. Next: add models to compare with --models.",
    ]
