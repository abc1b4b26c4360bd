"""Levels side by side: one card each with models as lanes, all on one axis, the paper's beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alignet_ray.evaluation.paper_figures import LEVELS
from alignet_ray.evaluation.report.lanes import FIRST, axis
from alignet_ray.evaluation.report.paper_values import paper_values
from alignet_ray.evaluation.report.view import View
from alignet_ray.evaluation.rows import Row
from alignet_ray.pages.dots import Ceiling, Dot, dot_plot
from alignet_ray.pages.markup import Markup, element

LEVEL_NAMES = {"coarse": "Coarse", "fine": "Fine", "class_boundary": "Class boundary"}


@dataclass(frozen=True, kw_only=True)
class LevelCard:
    """The rows of one level, lines across them, what else is said, and the paper's own dots."""

    level: str
    rows: Sequence[Row]
    said: str | Markup
    ceilings: Sequence[Ceiling] = ()
    paper: Mapping[str, Sequence[Dot]] = field(default_factory=dict)


def level_cards(view: View, cards: Sequence[LevelCard], *, is_share: bool) -> Markup | None:
    """The cards in a row, on one axis; None where no row is defined."""
    drawn = [own for card in cards for own in card.rows if own["estimate"] is not None]
    if not drawn:
        return None
    lines = [line for card in cards for line in card.ceilings]
    # The paper's dots have no interval: on the axis they are lines.
    lines += [
        Ceiling("", dot.estimate, "")
        for card in cards for dots in card.paper.values() for dot in dots
    ]  # fmt: skip
    ends = axis(drawn, lines)
    return element("div", *(_card(view, own, ends, is_share=is_share) for own in cards),
                   class_="three")  # fmt: skip


def temperatures_of_rows(rows: Sequence[Row]) -> list[float]:
    """The temperatures that rows are of, each once."""
    return list(dict.fromkeys(own["temperature"] for own in rows if "temperature" in own))


def paper_dots(view: View, level: str) -> dict[str, list[Dot]]:
    """By label, the paper's accuracies at a level of the models that are one of its."""
    found: dict[str, list[Dot]] = {}
    for model in view.results["models"]:
        for figure, value, is_aligned in paper_values(model):
            if (figure.data, figure.level) == (LEVELS, level):
                state, words = ("after", "aligned") if is_aligned else ("before", "base")
                dot = Dot(f"paper {state}", value, words=f"paper: {figure.model}, {words}")
                found.setdefault(model["label"], []).append(dot)
    return found


def _card(view: View, card: LevelCard, ends: tuple[float, float], *, is_share: bool) -> Markup:
    names_temperature = len(temperatures_of_rows(card.rows)) > 1
    groups: dict[str, list[Dot]] = {}
    for label, variant in view.models:
        groups.setdefault(label, []).extend(
            Dot(
                "before" if variant in FIRST else "after",
                own["estimate"], own["low"], own["high"], words=_words(own, names_temperature),
            )
            for own in card.rows
            if (own["label"], own["variant"]) == (label, variant) and own["estimate"] is not None
        )  # fmt: skip
    for label, dots in card.paper.items():
        groups[label].extend(dots)
    undefined = [
        f"{own['label']} {_words(own, names_temperature)}: {own.get('undefined', 'not defined')}"
        for own in card.rows
        if own["estimate"] is None
    ]
    shown = {label: dots for label, dots in groups.items() if dots}
    return element(
        "div",
        element("h3", LEVEL_NAMES[card.level]),
        element("p", card.said, class_="note"),
        *([dot_plot(shown, card.ceilings, *ends, is_share=is_share)] if shown else []),
        *([element("p", "; ".join(undefined), class_="note")] if undefined else []),
        class_="card",
    )


def _words(row: Row, names_temperature: bool) -> str:
    """The variant, and the temperature where there are several."""
    return f"{row['variant']}, T {row['temperature']:g}" if names_temperature else row["variant"]
