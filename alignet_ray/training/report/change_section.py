"""What changed on validation triplets: agreement and every other figure, by strategy."""

from collections.abc import Iterator

from alignet_ray.pages.dots import Ceiling, Dot, dot_plot
from alignet_ray.pages.markup import Markup, count, element
from alignet_ray.records.digests import Json
from alignet_ray.training.report.view import View

_CHANCE = 1 / 3
_MARGIN = 0.03
_ROWS = (
    ("kl", "KL from the teacher (nats)", "{:.4f}"),
    ("accuracy", "agrees on the odd one out", "{:.1%}"),
    ("expected_agreement", "teacher's probability of the student's choice", "{:.3f}"),
    ("student_entropy", "student's entropy (nats)", "{:.3f}"),
)
_FIXED = (
    ("expected_ceiling", "teacher's probability of its own choice", "{:.3f}"),
    ("teacher_entropy", "teacher's entropy (nats)", "{:.3f}"),
)


def change_section(view: View) -> Markup | None:
    """Dots and a table; None where nothing was validated."""
    if view.measured is None:
        return None
    before, after = view.measured
    said = (
        f"On {count(after['triplets'])} validation triplets of the same runs. "
        "This is agreement with the teacher; agreement with people is what evaluate measures."
    )
    return element(
        "section",
        element("h2", "What changed"),
        element("p", said, class_="lead"),
        element("div", element("h3", "Same odd one out as the teacher"), _dots(before, after),
                class_="card"),
        element("div", _table(before, after), class_="card scroll"),
    )  # fmt: skip


def _strategies(before: Json, after: Json) -> Iterator[tuple[str, Json, Json]]:
    for strategy, own in after["by_strategy"].items():
        yield strategy, before["by_strategy"][strategy], own
    if len(after["by_strategy"]) > 1:
        yield "all", before, after


def _dots(before: Json, after: Json) -> Markup:
    lanes = {
        f"{strategy}, {count(end['triplets'])} triplets": [
            Dot("before", start["accuracy"]), Dot("after", end["accuracy"])
        ]
        for strategy, start, end in _strategies(before, after)
    }  # fmt: skip
    values = [_CHANCE, *(dot.estimate for dots in lanes.values() for dot in dots)]
    low, high = max(0.0, min(values) - _MARGIN), min(1.0, max(values) + _MARGIN)
    return dot_plot(lanes, [Ceiling("by chance", _CHANCE, "chance")], low, high)


def _table(before: Json, after: Json) -> Markup:
    heads = [element("th", name, class_="number") for name in ("before", "after")]
    body: list[Markup] = []
    for strategy, start, end in _strategies(before, after):
        name = f"{strategy}, {count(end['triplets'])} triplets"
        body.append(element("tr", element("th", name, colspan=3), class_="strategy"))
        body += [_row(words, form.format(start[key]), form.format(end[key]))
                 for key, words, form in _ROWS]  # fmt: skip
        body += [_row(words, "", form.format(end[key])) for key, words, form in _FIXED]
    head = element("thead", element("tr", element("th", ""), *heads))
    return element("table", head, element("tbody", *body), class_="counts")


def _row(name: str, *values: str) -> Markup:
    cells = [element("td", value, class_="number") for value in values]
    return element("tr", element("td", name), *cells)
