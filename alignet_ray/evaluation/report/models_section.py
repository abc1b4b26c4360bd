"""All models by all chief measures, in one table; the paper's figures where it has the model."""

from typing import Any, NamedTuple

from alignet_ray.evaluation.paper_figures import paper_figures
from alignet_ray.evaluation.report.lanes import SIMILARITY_NAMES
from alignet_ray.evaluation.report.overview import value_text
from alignet_ray.evaluation.report.view import View
from alignet_ray.evaluation.rows import DIFFERENCES, FIGURES, Row, is_own_change
from alignet_ray.pages.markup import Markup, element, share
from alignet_ray.records.digests import Json

_OF = ("data", "level", "similarity", "temperature")
_BASES = ("before", "untransformed", "as it is")
_NEITHER = "distance"
"""In the name of measures of which neither more nor less is better: they get no marks."""
_BETTER, _WORSE = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"


class Column(NamedTuple):
    """A chief measure of a part, and what it is of."""

    part: str
    measure: str
    of: tuple[Any, ...]

    @property
    def words(self) -> str:
        """The data and the level, where the measure has several."""
        return " ".join(str(value).replace("_", " ") for value in self.of[:2] if value is not None)

    def rows(self, view: View, kind: str) -> list[Row]:
        """The rows of this column."""
        of = dict(zip(_OF, self.of, strict=True))
        return view.rows(self.part, kind, measure=self.measure, **of)


def models_section(view: View) -> Markup | None:
    """The table; None where no part has a chief measure, or there is one model."""
    columns = _columns(view)
    if not columns or len(view.models) < 2:
        return None
    has_paper = any(_paper(model) for model in view.results["models"])
    names = element("th", "", rowspan=2), *_measures(columns)
    paper = [element("th", "paper", rowspan=2, class_="said-there")] if has_paper else []
    words = [element("th", column.words, class_="number of") for column in columns]
    cells = [dict(_cells(view, column)) for column in columns]
    body = [
        _line(model, [own.get((model["label"], model["variant"])) for own in cells], has_paper)
        for model in view.results["models"]
    ]
    return element(
        "section",
        element("h2", "All models at a glance"),
        element("p", _said(view, has_paper), class_="lead"),
        element(
            "div",
            element(
                "table",
                element("thead", element("tr", *names, *paper), element("tr", *words)),
                element("tbody", *body),
                class_="glance",
            ),
            class_="card scroll",
        ),
    )


def _said(view: View, has_paper: bool) -> str:
    similarity = SIMILARITY_NAMES[view.similarities[-1]]
    paper = (
        " The paper's figures are those of its own models and data (dot product), in the text's "
        "order." if has_paper else ""
    )  # fmt: skip
    return (
        f"The best of each column is marked. {_BETTER} and {_WORSE} say that a model is better or "
        "worse than its own base and that the 95 % interval of the change excludes zero. Where "
        f"the similarity matters it is the {similarity}; every figure and interval is below."
        f"{paper}"
    )


def _columns(view: View) -> list[Column]:
    """In the order of the parts, their chief measures, and the rows of each."""
    models = set(view.models)
    found: list[Column] = []
    for headline in view.results.get("headlines", []):
        part, measure = headline["part"], headline["measure"]
        for own in view.rows(part, FIGURES, measure=measure):
            column = Column(part, measure, tuple(own.get(key) for key in _OF))
            is_of_model = (own.get("label"), own.get("variant")) in models
            if is_of_model and _is_chief(view, own) and column not in found:
                found.append(column)
    return found


def _is_chief(view: View, row: Row) -> bool:
    """Of several similarities the last one given, of several temperatures the first."""
    temperatures = view.results["settings"]["temperatures"]
    return row.get("similarity") in (None, view.similarities[-1]) and row.get("temperature") in (
        None,
        *temperatures[:1],
    )


def _measures(columns: list[Column]) -> list[Markup]:
    """One heading over all columns of a measure."""
    spans: dict[tuple[str, str], int] = {}
    for column in columns:
        key = column.part, column.measure
        spans[key] = spans.get(key, 0) + 1
    return [
        element("th", measure, colspan=span, class_="number")
        for (_, measure), span in spans.items()
    ]


def _cells(view: View, column: Column) -> list[tuple[tuple[str, str], Markup]]:
    rows = column.rows(view, FIGURES)
    values = [own["estimate"] for own in rows if own["estimate"] is not None]
    has_best = _NEITHER not in column.measure
    best = max(values, default=None) if has_best else None
    changes = {
        (own["label"], own["to"]): own
        for own in column.rows(view, DIFFERENCES)
        if has_best and is_own_change(own)
    }
    return [
        (
            (own["label"], own["variant"]),
            _cell(own, changes.get((own["label"], own["variant"])), own["estimate"] == best),
        )
        for own in rows
        if "label" in own
    ]


def _cell(row: Row, change: Row | None, is_best: bool) -> Markup:
    if row["estimate"] is None:
        return element("td", "\N{EN DASH}", class_="number", title=row.get("undefined"))
    mark, look = _mark(change)
    marks = [element("i", mark, class_=look)] if mark else []
    return element("td", element("b" if is_best else "span", value_text(row)), *marks,
                   class_="number best" if is_best else "number")  # fmt: skip


def _mark(change: Row | None) -> tuple[str, str]:
    if change is None or change["low"] is None or change["high"] is None:
        return "", ""
    if change["low"] > 0:
        return _BETTER, "better"
    return (_WORSE, "worse") if change["high"] < 0 else ("", "")


def _line(model: Json, cells: list[Markup | None], has_paper: bool) -> Markup:
    name = element("th", model["label"], element("span", model["variant"]), scope="row")
    paper = [element("td", _paper(model), class_="said-there")] if has_paper else []
    return element("tr", name, *(cell or element("td", "") for cell in cells), *paper)


def _paper(model: Json) -> str:
    """What the paper says of the model, before or after alignment as the variant is."""
    backbone = model["backbone"]
    if backbone is None or backbone.get("random_init"):
        return ""
    is_base = model["variant"] in _BASES
    said: list[str] = []
    for own in paper_figures(backbone["name"]):
        value = own.base if is_base else own.aligned
        if value is not None:
            level = f" {own.level.replace('_', ' ')}" if own.level else ""
            said.append(f"{own.data}{level} {share(value)}")
    return ", ".join(said)


MODELS_STYLE = """\
.glance { width: auto; }
.glance th, .glance td { padding: 8px 0 8px 18px; vertical-align: bottom; white-space: nowrap; }
.glance thead th { white-space: normal; border-bottom: 0; min-width: 84px; max-width: 200px; }
.glance tbody tr:last-child th { border-bottom: 0; }
.glance thead tr:last-child th { border-bottom: 1px solid var(--line); padding-top: 0;
  font-weight: 450; }
.glance tbody th { position: sticky; left: 0; padding-left: 0; background: var(--card);
  color: var(--ink); font-weight: 620; font-size: .92rem; }
.glance tbody th span { display: block; color: var(--soft); font-weight: 450; font-size: .82rem; }
.glance td.best b { color: var(--pair); font-weight: 700; }
.glance td i { font-style: normal; font-size: .72rem; margin-left: 5px; }
.glance i.better { color: var(--pair); } .glance i.worse { color: var(--odd); }
.glance .said-there { color: var(--soft); white-space: normal; min-width: 150px;
  font-size: .85rem; }
"""
"""Rules that a page with this table adds to its style sheet."""
