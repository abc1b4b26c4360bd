"""Accuracy before against after alignment, a point per data set and model (the paper's Fig. 4a)."""

from collections.abc import Sequence

from alignet_ray.evaluation.references import COMPARED
from alignet_ray.evaluation.rows import Row
from alignet_ray.pages.markup import Markup, element
from alignet_ray.pages.plot import frame, line, plot, ticks

_ROOM = 0.05


def scatter(rows: Sequence[Row], title: str, *, least: int) -> Markup | None:
    """A card with the plot; None with fewer points than `least`. Rows are figures of one probe."""
    cases: dict[tuple[str, str], dict[str, float]] = {}
    for own in rows:
        values = cases.setdefault((own["data"], own["label"]), {})
        values[own["variant"]] = 100 * own["estimate"]
    points = [
        (f"{data}, {label}", values[before], values[after])
        for (data, label), values in cases.items()
        for before, after in COMPARED
        if before in values and after in values
    ]
    if len(points) < least:
        return None
    seen = [value for _, *pair in points for value in pair]
    room = _ROOM * (max(seen) - min(seen)) + 1
    ends = max(0.0, min(seen) - room), min(100.0, max(seen) + room)
    axes = frame(ends, ends, "before, %", "after, %")
    marks = ticks(*ends, 5)
    circles = [
        element(
            "circle", element("title", f"{name}: {before:.1f} % before, {after:.1f} % after"),
            cx=round(axes.x(before), 1), cy=round(axes.y(after), 1), r=5, class_="point",
        )
        for name, before, after in points
    ]  # fmt: skip
    diagonal = line((axes.x(ends[0]), axes.y(ends[0])), (axes.x(ends[1]), axes.y(ends[1])), "limit")
    num_above = sum(after > before for _, before, after in points)
    return element(
        "div",
        element("h3", f"{title}, before and after"),
        element(
            "p",
            f"One point per data set and model; {num_above} of {len(points)} lie above the line "
            "of no change.",
            class_="note",
        ),
        plot(f"{title}: accuracy before and after", axes.axes(marks, marks), diagonal, *circles),
        class_="card",
    )
