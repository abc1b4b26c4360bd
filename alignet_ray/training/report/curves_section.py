"""How training went: loss, agreement, learning rate, gradient norm, distance, speed."""

import math
from collections.abc import Iterator

from alignet_ray.pages.markup import Markup, element
from alignet_ray.training.report.curves import Curve, curve_of, curves_card, look_of
from alignet_ray.training.report.view import View

_ONE_EACH = (
    ("learning_rate", "Learning rate", "rate of Adam"),
    ("gradient_norm", "Gradient norm", "norm of all weights' gradient"),
    ("squared_distance", "Distance from the initial weights", "squared distance"),
    ("images_per_second", "Speed", "images a second"),
)

_SMALL = 0.01


def curves_section(view: View) -> Markup | None:
    """All curves; None where no log is left."""
    if not view.steps:
        return None
    divergence = str(view.settings.get("loss", {}).get("divergence", "kl")).upper()
    loss = curves_card(
        "Loss", _curves(view, "loss", "kl", 1.0), "nats",
        f"{divergence} of training triplets, KL of validation triplets by strategy.",
        may_be_log=True,
    )  # fmt: skip
    agreement = curves_card(
        "Agreement with the teacher", _curves(view, "accuracy", "accuracy", 100.0), "triplets",
        "Triplets whose odd one out is the teacher's; a third by chance.", unit="%",
    )  # fmt: skip
    return element(
        "section",
        element("h2", "How training went"),
        element("div", loss, agreement, *_single_cards(view), class_="two"),
    )


def _curves(view: View, trained: str, validated: str, factor: float) -> list[Curve]:
    points = [(own["step"], factor * own[trained]) for own in view.steps]
    curves = [curve_of("training", "train", points)]
    strategies = dict.fromkeys(s for own in view.validations for s in own["by_strategy"])
    for number, strategy in enumerate(strategies):
        found = [
            (own["step"], factor * own["by_strategy"][strategy][validated])
            for own in view.validations
            if strategy in own["by_strategy"]
        ]
        name = f"validation, {strategy}"
        curves.append(curve_of(name, look_of(number), found, has_dots=True))
    return curves


def _single_cards(view: View) -> Iterator[Markup]:
    for key, title, y_title in _ONE_EACH:
        points = [(own["step"], own[key]) for own in view.steps if key in own]
        if points:
            factor, unit = _readable(max(value for _, value in points))
            shown = [(step, factor * value) for step, value in points]
            curve = curve_of(title, "train only", shown)
            yield curves_card(title, [curve], f"{y_title}{unit}", may_be_log=key == "gradient_norm")


def _readable(largest: float) -> tuple[float, str]:
    """What small values are multiplied with, so that the axis has room for them, and its words."""
    if not 0 < largest < _SMALL:
        return 1.0, ""
    power = -math.floor(math.log10(largest))
    return 10.0**power, f", in 1e-{power}"
