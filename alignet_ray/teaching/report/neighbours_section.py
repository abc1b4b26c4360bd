"""Nearest neighbours before and after, as pictures: what the map has changed, to be looked at."""

from collections.abc import Iterator

from alignet_ray.pages.markup import Markup, count, element, shortened
from alignet_ray.teaching.report.facts import NeighbourFacts, NeighbourRow
from alignet_ray.teaching.report.view import View


def neighbours_section(view: View) -> Markup | None:
    """A card for each object; None where neighbours are not known."""
    facts = view.facts.neighbours if view.facts else None
    if facts is None:
        return None
    return element(
        "section",
        element("h2", "What is near what"),
        element("p", *_lead(facts), class_="lead"),
        *_rows(view, facts.most_changed, "Where most has changed",
               f"{len(facts.most_changed)} of the objects whose neighbours change most, ties drawn "
               "by seed: not typical, but telling"),
        *_rows(view, facts.random, "Drawn at random", f"{len(facts.random)} of the others"),
    )  # fmt: skip


def _lead(facts: NeighbourFacts) -> Iterator[str | Markup]:
    yield (
        f"The {facts.count} nearest of {count(facts.num_objects)} objects, nearest first, by "
        f"centred cosine. On average the map replaces {facts.mean_replaced:.1f} of {facts.count}. "
    )
    for own in facts.shared:
        yield (
            f"Of the {own.count} nearest in the human embedding, {own.before:.1f} were among the "
            f"{own.count} nearest before and {own.after:.1f} are after. "
        )
    if facts.shared:
        yield "That embedding is what the map was fitted to. "
    if any(row.human for row in (*facts.most_changed, *facts.random)):
        yield element("span", "Outlined", class_="marked-word")
        yield ": near for people, too."


def _rows(view: View, rows: tuple[NeighbourRow, ...], title: str, said: str) -> Iterator[Markup]:
    if rows:
        yield element("div", element("h3", title), element("span", said), class_="row-title")
        yield element("div", *(_card(view, row) for row in rows), class_="two near")


def _card(view: View, row: NeighbourRow) -> Markup:
    kept = len(set(row.before) & set(row.after))
    query = element(
        "div",
        view.shown(row.object_id),
        element("b", shortened(row.object_id).replace("_", " "), class_="query-name"),
        element("span", f"{len(row.after) - kept} of {len(row.after)} replaced"),
        class_="query",
    )
    lists = [("before", row.before), ("after", row.after)]
    if row.human is not None:
        lists.append(("people", row.human))
    strips = [_strip(view, name, own, row.human) for name, own in lists]
    return element("div", query, element("div", *strips, class_="strips"), class_="card near-card")


def _strip(
    view: View, name: str, object_ids: tuple[str, ...], human: tuple[str, ...] | None
) -> Markup:
    is_marked = [name != "people" and human is not None and own in human for own in object_ids]
    shown = [
        element("div", view.shown(own), class_="marked" if marked else None)
        for own, marked in zip(object_ids, is_marked, strict=True)
    ]
    has_pictures = any(own in view.pictures for own in object_ids)
    return element(
        "div",
        element("div", name, class_="which"),
        element("div", *shown, class_="strip six" if has_pictures else "words"),
        view.names(object_ids),
    )
