"""Changes of distance by layer: one small plot a label, one line a relation."""

from collections.abc import Iterator, Sequence

from alignet_ray.evaluation.hierarchy.distances import DISTANCE, LAYER_DISTANCE, LEVELS
from alignet_ray.evaluation.hierarchy.part import PART
from alignet_ray.evaluation.report.changes import own_changes
from alignet_ray.evaluation.report.view import View
from alignet_ray.evaluation.rows import Row
from alignet_ray.pages.markup import Markup, element
from alignet_ray.pages.plot import HEIGHT, Frame, frame, line, plot, text, ticks

LAST = "last"
"""What the representation itself is called behind the layers."""

LAYERS_STYLE = """\
.relation-0 { --own: #0f5c57; } .relation-1 { --own: #3d9a90; }
.relation-2 { --own: #c9962e; } .relation-3 { --own: #c4512d; }
@media (prefers-color-scheme: dark) {
  .relation-0 { --own: #8fe0d4; } .relation-1 { --own: #3fae9f; }
  .relation-2 { --own: #e4bb5a; } .relation-3 { --own: #f0906b; }
}
.plot .by-layer path { fill: none; stroke: var(--own); stroke-width: 2.5; stroke-linejoin: round; }
.plot .by-layer line { stroke: var(--own); stroke-width: 2; opacity: .55; }
.plot .by-layer circle { fill: var(--own); }
.layers { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(430px, 100%), 1fr));
  gap: 22px; margin-top: 22px; }
.layers > .card { margin-top: 0; }
.legend.relations i { background: var(--own); border-radius: 50%; }
"""


def layers_block(view: View) -> list[Markup]:
    """One plot a label that was measured by layer; nothing where none was."""
    by_layer = own_changes(view, PART, LAYER_DISTANCE)
    labels = list(dict.fromkeys(own["label"] for own in by_layer))
    if not labels:
        return []
    cards = [
        element("div", element("h3", label), _layers(view, label, by_layer), class_="card")
        for label in labels
    ]
    keys = [
        element("span", element("i", class_=f"relation-{number}"), level)
        for number, level in enumerate(LEVELS)
    ]
    return [
        element("h2", "How deep does the change go?", class_="below"),
        element(
            "p",
            "The same changes in inner layers, averaged over places. Only the last one was "
            "trained to be aligned; in the paper all move the same way, the later the more.",
            class_="lead",
        ),
        element("p", *keys, class_="legend relations"),
        element("div", *cards, class_="layers"),
    ]


def _layers(view: View, label: str, by_layer: Sequence[Row]) -> Markup:
    own = [{**row, "x": row["layer"]} for row in by_layer if row["label"] == label]
    own += [
        {**row, "x": LAST} for row in own_changes(view, PART, DISTANCE) if row["label"] == label
    ]
    names = list(dict.fromkeys(row["x"] for row in own))
    drawn = [row for row in own if row["estimate"] is not None]
    ends = [value for row in drawn for value in _ends(row)] or [0.0]
    low, high = min(0.0, *ends), max(0.0, *ends)
    pad = 0.06 * (high - low) or 0.1
    area = frame((-0.3, len(names) - 0.7), (low - pad, high + pad), "", "change of distance")
    words = [
        text(area.x(place), HEIGHT - 22, name.removeprefix("block:"), "tick")
        for place, name in enumerate(names)
    ]
    title = text((area.x(0) + area.x(len(names) - 1)) / 2, HEIGHT - 4, "block or stage", "title")
    zero = line((area.x.start, area.y(0)), (area.x.end, area.y(0)), "limit")
    lines = [
        element("g", *_line(area, names, drawn, level), class_=f"by-layer relation-{number}")
        for number, level in enumerate(LEVELS)
    ]
    grid = area.axes([], ticks(low - pad, high + pad, 5))
    said = f"change of distance by layer and relation, {label}"
    return plot(said, grid, zero, *words, title, *lines)


def _line(area: Frame, names: list[str], drawn: list[Row], level: str) -> Iterator[Markup]:
    own = [row for row in drawn if row["level"] == level]
    places = [(names.index(row["x"]), row["estimate"]) for row in own]
    if len(places) > 1:
        yield element("path", d=area.path(places))
    for (place, estimate), row in zip(places, own, strict=True):
        at = area.x(place)
        low, *_, high = _ends(row)
        yield line((at, area.y(low)), (at, area.y(high)), "reach")
        yield element("circle", cx=round(at, 1), cy=round(area.y(estimate), 1), r=4)


def _ends(row: Row) -> list[float]:
    return [row[key] for key in ("low", "estimate", "high") if row[key] is not None]
