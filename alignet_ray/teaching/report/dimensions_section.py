"""The clearest dimensions of the human embedding, each by the objects that have most of it."""

from alignet_ray.pages.markup import Markup, count, element, share
from alignet_ray.teaching.report.facts import DimensionFacts, DimensionStrip
from alignet_ray.teaching.report.view import View


def dimensions_section(view: View) -> Markup | None:
    """A strip for each dimension; None where there is no human embedding."""
    facts = view.facts.dimensions if view.facts else None
    if facts is None or not facts.strips:
        return None
    return element(
        "section",
        element("h2", "What people see in things"),
        element("p", _lead(view, facts), class_="lead"),
        element("div", *(_sheet(view, strip) for strip in facts.strips), class_="sheets"),
    )


def _lead(view: View, facts: DimensionFacts) -> str:
    shown, of = len(facts.strips), facts.num_dimensions
    which = f"all {of}" if shown == of else f"the {shown} widest of {of}"
    source = "fitted to people's choices" if view.part("vice") else "that was given"
    return (
        f"The human embedding {source} gives every object weights on {of} dimensions; these are "
        f"{which}, each with the objects of {count(facts.num_objects)} that have most of it and "
        "their weights. Dimensions come from choices alone and have no names: what the objects "
        "share is for you to say, and some are mixtures."
    )


def _sheet(view: View, strip: DimensionStrip) -> Markup:
    shown = [
        element("div", view.shown(own), element("span", f"{weight:.2f}", class_="weight"))
        for own, weight in zip(strip.object_ids, strip.weights, strict=True)
    ]
    return element(
        "figure",
        element(
            "div",
            element("b", f"dimension {strip.number}"),
            element("span", f"{share(strip.share)} of weight"),
            class_="name",
        ),
        element("div", *shown, class_="weighted"),
        view.names(strip.object_ids),
        class_="sheet",
    )
