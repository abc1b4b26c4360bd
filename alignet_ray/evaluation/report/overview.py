"""What was evaluated, the figures that matter most, and what was left out."""

from collections.abc import Iterator

from alignet_ray.evaluation.report.view import View
from alignet_ray.evaluation.rows import DIFFERENCES, FIGURES, Row, is_own_change
from alignet_ray.pages.markup import Markup, counted, element, share
from alignet_ray.pages.parts import tile

_NAMES: dict[str, str] = {
    "odd_one_out": "odd-one-out choices",
    "levels": "Levels",
    "similarity": "human similarity",
    "hierarchy": "conceptual hierarchy",
    "downstream": "downstream tasks",
    "comparison": "comparison",
}


def header(view: View) -> Markup:
    """Name, models and tiles."""
    labels = list(dict.fromkeys(label for label, _ in view.models))
    parts = [words for name, words in _NAMES.items() if view.part(name) is not None]
    return element(
        "header",
        element("p", "AligNet evaluation", class_="eyebrow"),
        element("h1", "How human is it?"),
        element(
            "p",
            f"{counted(len(view.models), 'model')} of {counted(len(labels), 'label')} "
            f"({', '.join(labels)}), measured on {', '.join(parts)}. ",
            class_="lead",
        ),
        element("dl", *_tiles(view), class_="tiles"),
    )


def left_out_section(view: View) -> Markup | None:
    """What was not measured and why; None where everything was."""
    left_out = view.results["left_out"]
    if not left_out:
        return None
    return element(
        "section",
        element("h2", "Left out"),
        element(
            "ul",
            *(element("li", element("b", own["what"]), f": {own['reason']}") for own in left_out),
            class_="absent",
        ),
    )


def _tiles(view: View) -> Iterator[Markup]:
    """The middle one of the changes from before to after, of each part's first measure."""
    for part, measure in (
        (part, next(iter(own[FIGURES]))["measure"])
        for part in _NAMES
        if (own := view.part(part)) is not None and own.get(FIGURES)
    ):
        middle = _middle(view, part, measure)
        if middle is not None:
            after, change, count = middle
            level = f", {after['level'].replace('_', ' ')}" if "level" in after else ""
            name = f"{measure}{level}, {after['label']}"
            aside = f"{value_text(change, '+')} from {change['from']}"
            aside += f"; the middle one of {count} changes" if count > 1 else ""
            yield tile(name, value_text(after), aside)


def _middle(view: View, part: str, measure: str) -> tuple[Row, Row, int] | None:
    """What came of a change, the change, and of how many changes it is the middle one."""
    changes = [
        own
        for own in view.rows(part, DIFFERENCES, measure=measure)
        if is_own_change(own)
        and own["estimate"] is not None
        and own.get("similarity") in (None, view.similarities[-1])
    ]
    if not changes:
        return None
    change = sorted(changes, key=lambda own: own["estimate"])[(len(changes) - 1) // 2]
    of = {key: change.get(key) for key in ("label", "similarity", "data", "level", "temperature")}
    (after,) = view.rows(part, FIGURES, measure=measure, variant=change["to"], **of)[:1]
    return after, change, len(changes)


def value_text(row: Row, sign: str = "") -> str:
    """An accuracy in per cent, its change in points; any other value as a number."""
    value = row["estimate"]
    if "accuracy" not in row["measure"]:
        return f"{value:{sign}z.3f}"
    return share(value) if not sign else f"{100 * value:+z.1f}\N{NO-BREAK SPACE}points"
