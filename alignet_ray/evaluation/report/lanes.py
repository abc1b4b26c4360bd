"""Figures with intervals on lanes, one group of lanes per model label; ceilings across them."""

from collections.abc import Sequence

from alignet_ray.evaluation.report.view import View
from alignet_ray.evaluation.rows import Row
from alignet_ray.pages.dots import Ceiling, Dot, dot_plot
from alignet_ray.pages.markup import Markup, element
from alignet_ray.pages.plot import ticks

SIMILARITY_NAMES = {
    "dot": "dot product", "centred_dot": "centred dot product", "centred_cosine": "centred cosine"
}  # fmt: skip
FIRST = ("before", "untransformed")
"""Variants that look like the base; all others look aligned."""
_MARGIN = 0.08


def lanes_card(
    title: str,
    said: str | Markup,
    view: View,
    rows: Sequence[Row],
    ceilings: Sequence[Ceiling] = (),
    *,
    is_share: bool = True,
) -> Markup | None:
    """A card with one lane per row, grouped by label in the models' order; None without a row.

    Rows are of one measure. Shares have an axis in per cent, other values plain numbers. What is
    not defined is said below.
    """
    drawn = [own for own in rows if own["estimate"] is not None]
    if not rows:
        return None
    groups: dict[str, list[Dot]] = {}
    for label, variant in view.models:
        for own in drawn:
            if (own["label"], own["variant"]) == (label, variant):
                state = "before" if variant in FIRST else "after"
                dot = Dot(state, own["estimate"], own["low"], own["high"], words=variant)
                groups.setdefault(label, []).append(dot)
    undefined = [
        f"{own['label']} {own['variant']}: {own.get('undefined', 'not defined')}"
        for own in rows
        if own["estimate"] is None
    ]
    undefined += [
        f"{own['label']} {own['variant']}: {own['remark']}" for own in rows if "remark" in own
    ]
    plot = [dot_plot(groups, ceilings, *axis(drawn, ceilings), is_share=is_share)] if drawn else []
    return element(
        "div",
        element("h3", title),
        element("p", said, class_="note"),
        *plot,
        *([element("p", "; ".join(undefined), class_="note")] if undefined else []),
        class_="card",
    )


def axis(rows: Sequence[Row], ceilings: Sequence[Ceiling]) -> tuple[float, float]:
    """The ends of an axis that holds all intervals and lines, at round numbers."""
    values = [own.value for own in ceilings]
    values += [own[key] for own in rows for key in ("estimate", "low", "high")
               if own[key] is not None]  # fmt: skip
    low, high = min(values), max(values)
    pad = _MARGIN * (high - low) or 0.05
    inside = ticks(low - pad, high + pad, 5)
    step = inside[1] - inside[0] if len(inside) > 1 else 2 * pad
    return min(low - pad / 2, inside[0] - step / 2), max(high + pad / 2, inside[-1] + step / 4)
