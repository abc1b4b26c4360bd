"""All models by all chief measures, in one table; the paper's figures where it has the model.

Measures are rows, because they are many; a wide set of models is cut into tables that fit a
screen, and on a phone every measure is a card of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from alignet_ray.evaluation.report.lanes import SIMILARITY_NAMES
from alignet_ray.evaluation.report.overview import value_text
from alignet_ray.evaluation.report.paper_values import paper_values
from alignet_ray.evaluation.report.view import View
from alignet_ray.evaluation.rows import DIFFERENCES, FIGURES, Row, is_own_change
from alignet_ray.pages.markup import Markup, element, share
from alignet_ray.records.digests import Json

_OF = ("data", "level", "similarity", "temperature")
_NEITHER = "distance"
"""In the name of measures of which neither more nor less is better: they get no marks."""
_BETTER, _WORSE = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"
_MOST_COLUMNS = 6


class Measured(NamedTuple):
    """A chief measure of a part, and what it is of."""

    part: str
    measure: str
    of: tuple[Any, ...]

    @property
    def words(self) -> str:
        """The data and the level, where the measure has several."""
        return ", ".join(str(value).replace("_", " ") for value in self.of[:2] if value is not None)

    def rows(self, view: View, kind: str) -> list[Row]:
        """The rows of this line."""
        of = dict(zip(_OF, self.of, strict=True))
        return view.rows(self.part, kind, measure=self.measure, **of)


class Cell(NamedTuple):
    """What a model reached, how it changed from its own base, and whether it is the best."""

    row: Row
    change: Row | None
    is_best: bool


Line = Mapping[tuple[str, str], Cell]
"""Cells of a line by label and variant."""


def models_section(view: View) -> Markup | None:
    """The tables; None where no part has a chief measure, or there is one model."""
    lines = {own: _cells(view, own) for own in _measured(view)}
    if not lines or len(view.models) < 2:
        return None
    models: Sequence[Json] = view.results["models"]
    has_paper = any(_paper(model) for model in models)
    return element(
        "section",
        element("h2", "All models at a glance"),
        element("p", _said(view, has_paper), class_="lead"),
        *(_table(own, lines, has_paper) for own in _cut(models)),
    )


def _cut(models: Sequence[Json]) -> list[Sequence[Json]]:
    """The models of each table: as many as fit, and about as many in all."""
    num_tables = -(-len(models) // _MOST_COLUMNS)
    size = -(-len(models) // num_tables)
    return [models[start : start + size] for start in range(0, len(models), size)]


def _said(view: View, has_paper: bool) -> str:
    similarity = SIMILARITY_NAMES[view.similarities[-1]]
    paper = (
        " The paper's figures are those of its own models and data (dot product), in the text's "
        "order." if has_paper else ""
    )  # fmt: skip
    return (
        f"The best of each line is marked. {_BETTER} and {_WORSE} say that a model is better or "
        "worse than its own base and that the 95 % interval of the change excludes zero. Where "
        f"the similarity matters it is the {similarity}; every figure and interval is below."
        f"{paper}"
    )


def _measured(view: View) -> list[Measured]:
    """In the order of the parts, their chief measures, and the rows of each."""
    models = set(view.models)
    found: dict[Measured, None] = {}
    for headline in view.results.get("headlines", []):
        part, measure = headline["part"], headline["measure"]
        for own in view.rows(part, FIGURES, measure=measure):
            is_of_model = (own.get("label"), own.get("variant")) in models
            if is_of_model and _is_chief(view, own):
                found[Measured(part, measure, tuple(own.get(key) for key in _OF))] = None
    return list(found)


def _is_chief(view: View, row: Row) -> bool:
    """Of several similarities the last one given, of several temperatures the first."""
    temperatures = view.results["settings"]["temperatures"]
    return row.get("similarity") in (None, view.similarities[-1]) and row.get("temperature") in (
        None,
        *temperatures[:1],
    )


def _cells(view: View, measured: Measured) -> dict[tuple[str, str], Cell]:
    rows = [own for own in measured.rows(view, FIGURES) if "label" in own]
    values = [own["estimate"] for own in rows if own["estimate"] is not None]
    has_best = _NEITHER not in measured.measure
    best = max(values, default=None) if has_best else None
    changes = {
        (own["label"], own["to"]): own
        for own in measured.rows(view, DIFFERENCES)
        if has_best and is_own_change(own)
    }
    return {
        (own["label"], own["variant"]): Cell(
            own,
            changes.get((own["label"], own["variant"])),
            own["estimate"] is not None and own["estimate"] == best,
        )
        for own in rows
    }


def _table(models: Sequence[Json], lines: Mapping[Measured, Line], has_paper: bool) -> Markup:
    """Some of the models, a block of lines for each measure."""
    blocks = [
        _block(models, [(own, lines[own]) for own in same])
        for _, same in groupby(lines, key=lambda own: (own.part, own.measure))
    ]
    said_there = _paper_line(models) if has_paper else []
    return element(
        "div",
        element("table", _head(models), *blocks, *said_there, class_="glance"),
        class_="card",
    )


def _head(models: Sequence[Json]) -> Markup:
    labels = [
        element("th", label, colspan=len(list(same)), class_="number")
        for label, same in groupby(models, key=lambda own: own["label"])
    ]
    variants = [element("th", own["variant"], class_="number of") for own in models]
    corner = element("th", "", rowspan=2)
    return element("thead", element("tr", corner, *labels), element("tr", *variants))


def _block(models: Sequence[Json], lines: Sequence[tuple[Measured, Line]]) -> Markup:
    """A measure's lines: below its name where they are of several things, else beside it."""
    first, _ = lines[0]
    is_alone = len(lines) == 1
    name = [] if is_alone else [_heading(first.measure, 1 + len(models))]
    alone = ", ".join(filter(None, (first.measure, first.words)))
    rows = [
        element(
            "tr",
            element("th", alone if is_alone else measured.words or "all", scope="row"),
            *(_cell(own, line.get((own["label"], own["variant"]))) for own in models),
            class_="alone" if is_alone else None,
        )
        for measured, line in lines
    ]
    return element("tbody", *name, *rows)


def _heading(words: str, span: int) -> Markup:
    return element("tr", element("th", words, colspan=span), class_="measure")


def _cell(model: Json, cell: Cell | None) -> Markup:
    """A value; the model's name stands in it where there are no columns."""
    name = f"{model['label']} {model['variant']}"
    if cell is None:
        return element("td", "", class_="number none", data_model=name)
    if cell.row["estimate"] is None:
        return element("td", "\N{EN DASH}", class_="number", title=cell.row.get("undefined"),
                       data_model=name)  # fmt: skip
    mark, look = _mark(cell.change)
    marks = element("i", mark, class_=look)
    value = element("b" if cell.is_best else "span", value_text(cell.row))
    return element("td", value, marks, class_="number best" if cell.is_best else "number",
                   data_model=name)  # fmt: skip


def _mark(change: Row | None) -> tuple[str, str | None]:
    if change is None or change["low"] is None or change["high"] is None:
        return "", None
    if change["low"] > 0:
        return _BETTER, "better"
    return (_WORSE, "worse") if change["high"] < 0 else ("", None)


def _paper_line(models: Sequence[Json]) -> Iterator[Markup]:
    cells = [
        element("td", _paper(own), class_="number", data_model=f"{own['label']} {own['variant']}")
        for own in models
    ]
    head = element("th", "paper", scope="row")
    yield element("tbody", element("tr", head, *cells, class_="alone said-there"))


def _paper(model: Json) -> str:
    """What the paper says of the model, before or after alignment as the variant is."""
    said: list[str] = []
    for figure, value, _ in paper_values(model):
        level = f" {figure.level.replace('_', ' ')}" if figure.level else ""
        said.append(f"{figure.data}{level} {share(value)}")
    return ", ".join(said)


MODELS_STYLE = """\
.glance th, .glance td { padding: 7px 0 7px 16px; vertical-align: bottom; }
.glance thead th { border-bottom: 0; color: var(--ink); font-weight: 620; font-size: .92rem;
  overflow-wrap: anywhere; }
.glance thead tr:last-child th { border-bottom: 1px solid var(--line); padding-top: 0;
  color: var(--soft); font-weight: 450; font-size: .85rem; overflow-wrap: break-word; }
.glance tbody th { padding-left: 18px; color: var(--ink); font-weight: 450; }
.glance .alone th, .glance .measure th { padding-left: 0; font-weight: 620; font-size: .88rem; }
.glance .measure th { border-bottom: 0; padding-top: 16px; padding-bottom: 2px; }
.glance tbody tr:last-child th { border-bottom: 1px solid var(--line); }
.glance tbody tr:last-child td { border-bottom: 1px solid var(--line); }
.glance tbody:last-child tr:last-child > * { border-bottom: 0; }
.glance td { white-space: nowrap; }
.glance td.best b { color: var(--pair); font-weight: 700; }
.glance td i { display: inline-block; width: 1.5em; font-style: normal; font-size: .72rem;
  text-align: right; }
.glance i.better { color: var(--pair); } .glance i.worse { color: var(--odd); }
.glance .said-there td { color: var(--soft); white-space: normal; font-size: .85rem; }
@media (max-width: 640px) {
  .glance, .glance tbody, .glance tr { display: block; } .glance thead { display: none; }
  .glance tr { padding: 8px 0; border-bottom: 1px solid var(--line); }
  .glance tr.measure { padding-bottom: 0; border-bottom: 0; }
  .glance tbody:last-child tr:last-child { border-bottom: 0; }
  .glance.glance tbody tr > *, .glance.glance tbody tr:last-child > * { border-bottom: 0;
    padding: 1px 0; }
  .glance tbody th { display: block; }
  .glance tbody tr:not(.alone):not(.measure) th { color: var(--soft); font-weight: 620; }
  .glance tbody td { display: flex; gap: 8px; }
  .glance tbody td.none { display: none; }
  .glance td::before { content: attr(data-model); color: var(--soft); white-space: normal;
    overflow-wrap: anywhere; font-size: .85rem; margin-right: auto; text-align: left; }
}
"""
"""Rules that a page with this table adds to its style sheet."""
