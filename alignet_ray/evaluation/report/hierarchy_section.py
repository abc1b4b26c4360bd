"""Whether images of one category move together: changes by relation, regression, maps, layers."""

from alignet_ray.evaluation.hierarchy.distances import DISTANCE, LEVELS, SEPARATION
from alignet_ray.evaluation.hierarchy.part import PART
from alignet_ray.evaluation.report.changes import own_changes
from alignet_ray.evaluation.report.hierarchy_layers import LAYERS_STYLE, layers_block
from alignet_ray.evaluation.report.hierarchy_maps import MAPS_STYLE, heat_block, planes_block
from alignet_ray.evaluation.report.hierarchy_regression import regression_card
from alignet_ray.evaluation.report.lanes import axis, lanes_card
from alignet_ray.evaluation.report.view import View
from alignet_ray.evaluation.rows import FIGURES, Row
from alignet_ray.pages.dots import Ceiling, Dot, dot_plot
from alignet_ray.pages.markup import Markup, element
from alignet_ray.plurals import counted
from alignet_ray.records.digests import Json

HIERARCHY_STYLE = (
    MAPS_STYLE
    + LAYERS_STYLE
    + """\
.relations .lane-row { grid-template-columns: 168px minmax(0, 1fr) 156px; }
@media (max-width: 640px) { .relations .lane-row { grid-template-columns: 1fr auto; } }
"""
)
_NO_CHANGE = Ceiling("no change", 0.0, "chance")
_NO_SEPARATION = Ceiling("no separation", 0.0, "chance")
_MEANT = (
    "Two pugs are of one class; a pug and a beagle of one basic category, dogs; a dog and a cat of "
    "one superordinate category, mammals; a dog and a boat of different ones. To people each is "
    "less alike than the one before. Distances are told in standard deviations over all pairs of "
    "a model, because alignment changes their scale."
)


def hierarchy_section(view: View) -> Markup | None:
    """The section, None where it was not measured."""
    part = view.part(PART)
    if part is None:
        return None
    cards = (_changes_card(view), regression_card(part["regressions"]), _separation_card(view))
    return element(
        "section",
        element("h2", "Do its categories hold together?"),
        element("p", f"{_MEANT} {_measured_on(part['data'])}", class_="lead"),
        *(card for card in cards if card is not None),
        *heat_block(view),
        *planes_block(view),
        *layers_block(view),
    )


def _measured_on(data: Json) -> str:
    left_out = {
        "without a label": data["num_without_label"],
        "of classes outside the hierarchy": data["num_outside_hierarchy"],
        "not readable": len(data["rejected_images"]),
    }
    told = ", ".join(f"{count:,} {why}" for why, count in left_out.items() if count)
    return (
        f"{counted(data['num_images'], 'image')} of "
        f"{counted(data['num_classes'], 'class', 'classes')} "
        f"({data['num_classes_of_one_image']:,} of them with one image), "
        f"{counted(data['num_basic'], 'basic category', 'basic categories')} and "
        f"{counted(data['num_superordinate'], 'superordinate one')}."
        + (f" Left out: {told}." if told else "")
    )


def _changes_card(view: View) -> Markup | None:
    """The paper's figure: mean change of distance by relation, for every label."""
    rows = own_changes(view, PART, DISTANCE)
    drawn = [own for own in rows if own["estimate"] is not None]
    if not rows:
        return None
    groups: dict[str, list[Dot]] = {}
    for label in dict.fromkeys(label for label, _ in view.models):
        for own in drawn:
            if own["label"] == label:
                groups.setdefault(label, []).append(_dot(own))
    plot = [dot_plot(groups, [_NO_CHANGE], *axis(drawn, [_NO_CHANGE]), is_share=False)]
    return element(
        "div",
        element("h3", "How distances change"),
        element(
            "p",
            "Mean change of the distance between two images by what both share, after less "
            "before: left of 0 they moved together, right of it apart. 95 % intervals by the "
            "jackknife over images. In the paper (ViT-B) the first two move together, the third "
            "somewhat, the last apart.",
            class_="note",
        ),
        *(plot if drawn else []),
        *_undefined(rows),
        class_="card relations",
    )


def _dot(own: Row) -> Dot:
    state = "after" if own["estimate"] < 0 else "before"
    return Dot(state, own["estimate"], own["low"], own["high"], words=own["level"])


def _undefined(rows: list[Row]) -> list[Markup]:
    lines = [
        f"{own['label']}, {own['level']}: {own.get('undefined', 'not defined')}"
        for own in sorted(rows, key=lambda own: LEVELS.index(own["level"]))
        if own["estimate"] is None
    ]
    return [element("p", "; ".join(lines), class_="note")] if lines else []


def _separation_card(view: View) -> Markup | None:
    return lanes_card(
        "How far superordinate categories are apart",
        "Mean distance between images of different superordinate categories less that between "
        "images of one, of different basic ones. At 0 a model does not know these categories.",
        view,
        view.rows(PART, FIGURES, measure=SEPARATION),
        [_NO_SEPARATION],
        is_share=False,
    )
