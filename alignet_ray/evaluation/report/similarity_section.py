"""Models' similarities against people's, by domain, and models against each other."""

from collections.abc import Sequence

from alignet_ray.evaluation.report.lanes import lanes_card
from alignet_ray.evaluation.report.view import View
from alignet_ray.evaluation.rows import CEILINGS, FIGURES
from alignet_ray.evaluation.similarity import AGREEMENT
from alignet_ray.evaluation.similarity_agreement import MEAN_AGREEMENT, sides_of
from alignet_ray.evaluation.similarity_rows import LOWER, UPPER, WITH_EACH, WITH_PEOPLE
from alignet_ray.pages.dots import Ceiling
from alignet_ray.pages.markup import Markup, count, counted, element
from alignet_ray.records.digests import Json

PART = "similarity"
_NO_RELATION = Ceiling("no relation", 0.0, "chance")
_DEEPEST = 70
"""Per cent of the colour of a correlation of 1."""


def similarity_section(view: View) -> Markup | None:
    """The section, None where it was not measured."""
    part = view.part(PART)
    if part is None:
        return None
    people = _people(view, part) if view.rows(PART, FIGURES, measure=WITH_PEOPLE) else []
    agreements = [card for own in part[AGREEMENT] for card in _agreement(view, own)]
    if not people and not agreements:
        return None
    return element("section", *people, *_models(agreements, has_people=bool(people)))


def _people(view: View, part: Json) -> list[Markup]:
    cards = [
        card
        for data in part["data"]["domains"]
        for card in (_mean_card(view, data), _each_card(view, data))
        if card is not None
    ]
    return [
        element("h2", "Are the same images alike for it as for people?"),
        element(
            "p",
            "People said how alike images are. Rank correlation of their similarities with a "
            "model's, over all pairs of images: 1 where both order the pairs alike, 0 where they "
            "have nothing to do with each other.",
            class_="lead",
        ),
        element("div", *cards, class_="two"),
    ]


def _mean_card(view: View, data: Json) -> Markup | None:
    rows = view.rows(PART, FIGURES, measure=WITH_PEOPLE, data=data["name"])
    if not rows:
        return None
    num = data["num_participants"]
    whose = f"the mean of {counted(num, 'participant')}" if num > 1 else "people's similarities"
    interval = (
        "95 % intervals over images"
        if data["resampled"]
        else "so many images that intervals would take too long"
    )
    said = (
        f"with {whose}; {counted(data['num_embedded_images'], 'image')}, "
        f"{counted(rows[0]['num'], 'pair')}; {interval}"
    )
    return lanes_card(data["name"], said, view, rows, [_NO_RELATION], is_share=False)


def _each_card(view: View, data: Json) -> Markup | None:
    """Where there are several participants: what can be reached lies between two lines."""
    rows = view.rows(PART, FIGURES, measure=WITH_EACH, data=data["name"])
    ceilings = [_NO_RELATION] + [
        Ceiling(words, own["estimate"], kind)
        for words, kind in ((LOWER, "person"), (UPPER, "most"))
        for own in view.rows(PART, CEILINGS, measure=words, data=data["name"])
        if own["estimate"] is not None
    ]
    said = (
        f"with each of {counted(data['num_participants'], 'participant')}, on average; 95 % "
        "intervals over participants. The best models lie near or below the dashed line"
    )
    return lanes_card(f"{data['name']}, one by one", said, view, rows, ceilings, is_share=False)


def _models(cards: Sequence[Markup], *, has_people: bool) -> list[Markup]:
    if not cards:
        return []
    return [
        element("h2", "Do models agree with each other?", class_="below" if has_people else None),
        element(
            "p",
            "The same rank correlation between every two models. Models that were trained "
            "differently order pairs of images differently; alignment should bring them together.",
            class_="lead",
        ),
        *cards,
    ]


def _agreement(view: View, agreement: Json) -> list[Markup]:
    """One card with both sides, or with one where no label has a before and an after."""
    places: dict[str, list[int]] = {}
    for place, model in enumerate(agreement["models"]):
        places.setdefault(model["label"], []).append(place)
    sides = {
        "before": [own[0] for own in places.values()],
        "after": [own[-1] for own in places.values()],
    }
    if len(places) < 2:
        sides = {"": list(range(len(agreement["models"])))}
    elif sides["before"] == sides["after"]:
        sides = {"": sides["after"]}
    means = {
        own["variant"]: own["estimate"]
        for own in view.rows(PART, FIGURES, measure=MEAN_AGREEMENT, data=agreement["data"])
    }
    both = [agreement["models"][place]["label"] for place in sides_of(agreement["models"]).first]
    whose = "" if len(both) == len(places) else f" between {', '.join(both)}"
    tables = [
        element(
            "div", *_heading(name, means.get(name), whose), _table(agreement, own), class_="side"
        )
        for name, own in sides.items()
    ]
    said = f"{count(agreement['num_images'])} images"
    return [
        element(
            "div",
            element("h3", agreement["data"]),
            element("p", said, class_="note"),
            element("div", *tables, class_="sides"),
            class_="card",
        )
    ]


def _heading(name: str, mean: float | None, whose: str) -> list[Markup]:
    """The side and its mean; `whose` where models of the table have no part in it."""
    if not name:
        return []
    told = "" if mean is None else f", {mean:z.3f} on average{whose}"
    return [element("p", element("b", name), told, class_="side-name")]


def _table(agreement: Json, places: Sequence[int]) -> Markup:
    models = [agreement["models"][place] for place in places]
    names = [_name(model, models) for model in models]
    numbers = [element("th", str(number), title=name) for number, name in enumerate(names, 1)]
    lines = [
        element(
            "tr",
            element("th", f"{number}\N{NO-BREAK SPACE}", element("span", names[number - 1])),
            *(_cell(agreement["matrix"][row][column], row == column) for column in places),
        )
        for number, row in enumerate(places, 1)
    ]
    head = element("tr", element("th", ""), *numbers)
    return element("div", element("table", head, *lines, class_="alike"), class_="scroll")


def _name(model: Json, models: Sequence[Json]) -> str:
    """The label, and the variant where a label has several here."""
    is_alone = [own["label"] for own in models].count(model["label"]) == 1
    return model["label"] if is_alone else f"{model['label']} {model['variant']}"


def _cell(value: float | None, is_own: bool) -> Markup:
    if is_own:
        return element("td", "", class_="own")
    if value is None:
        return element("td", "\N{EN DASH}", title="all similarities of a model are equal")
    depth = round(_DEEPEST * max(0.0, value))
    colour = f"background: color-mix(in srgb, var(--pair) {depth}%, transparent)"
    return element("td", f"{value:z.2f}", style=colour)


SIMILARITY_STYLE = """\
.sides { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 18px 36px;
  margin-top: 16px; }
.side:only-child { grid-column: 1 / -1; }
.side-name { color: var(--soft); font-size: .92rem; margin-bottom: 8px; }
.side-name b { color: var(--ink); font-weight: 620; }
table.alike { width: auto; border-collapse: separate; border-spacing: 2px; }
.alike th { color: var(--soft); font-size: .82rem; font-weight: 450; padding: 4px 10px 4px 0;
  border: 0; vertical-align: middle; }
.alike th span { color: var(--ink); }
.alike tr:first-child th { text-align: center; padding: 2px; }
.alike td { padding: 8px 4px; border: 0; border-radius: 6px; text-align: center; min-width: 52px;
  font-size: .88rem; }
.alike td.own { background: var(--line); }
@media (max-width: 900px) { .sides { grid-template-columns: minmax(0, 1fr); } }
"""
"""Rules that a page with this section adds to its style sheet."""
