"""Validation curves: cross-entropy on held-out objects by epoch."""

from collections.abc import Iterator, Sequence

from alignet_ray.functional.temperature import MAX_ENTROPY
from alignet_ray.pages.markup import Markup, element
from alignet_ray.pages.plot import RIGHT, WIDTH, Frame, frame, plot, text, ticks
from alignet_ray.teaching.report.facts import Curve

_LOOKS = 4


def curves_card(curves: Sequence[Curve]) -> Markup:
    """All curves on one plot; those that leave it upwards are cut."""
    return element(
        "div",
        element("h3", "Cross-entropy on held-out objects, by epoch"),
        _plot(curves),
        element("p", *_legend(curves), class_="legend lines"),
        element(
            "p",
            f"In nats; knowing nothing costs {MAX_ENTROPY:.4f} (ln 3). A fit stops when its curve "
            "no longer falls, and counts with its last value from there on. Dots: the epoch where "
            "the mean of the folds is lowest (or a fold's last, where it stopped before): the map "
            "on all objects is fitted for so long.",
            class_="note",
        ),
        class_="card",
    )


def _plot(curves: Sequence[Curve]) -> Markup:
    least = min(min(curve.cross_entropies) for curve in curves)
    most = max(max(curve.cross_entropies) for curve in curves)
    high = max(min(most, MAX_ENTROPY), least + 1e-3)
    pad = 0.06 * (high - least)
    last = max(len(curve.cross_entropies) for curve in curves)
    axes = frame((1, max(2, last)), (least - pad, high + pad), "epoch", "cross-entropy")
    x_ticks = [1.0, *(own for own in ticks(1, last, 5) if own > 0.08 * last)]
    return plot(
        f"Validation cross-entropy over {last} epochs; lowest {least:.4f}",
        axes.axes(x_ticks, ticks(least - pad, high + pad, 5)),
        *(own for number, curve in enumerate(curves) for own in _curve(axes, curve, number)),
        text(WIDTH - RIGHT, 14, f"lowest {least:.4f}", "mean-words", "end"),
    )


def _curve(axes: Frame, curve: Curve, number: int) -> Iterator[Markup]:
    top = axes.y.high
    points = [(epoch, min(own, top)) for epoch, own in enumerate(curve.cross_entropies, start=1)]
    look = f"look-{number % _LOOKS}"
    yield element("path", element("title", curve.name), d=axes.path(points), class_=f"curve {look}")
    if curve.chosen_epoch:
        value = curve.cross_entropies[curve.chosen_epoch - 1]
        words = element("title", f"{curve.name}: epoch {curve.chosen_epoch}, {value:.4f}")
        place = (round(axes.x(curve.chosen_epoch), 1), round(axes.y(min(value, top)), 1))
        yield element("circle", words, cx=place[0], cy=place[1], r=4.5, class_=f"point {look}")


def _legend(curves: Sequence[Curve]) -> Iterator[Markup]:
    for number, curve in enumerate(curves):
        key = element("i", class_=f"key look-{number % _LOOKS}")
        values = curve.cross_entropies
        best = values.index(min(values)) + 1
        yield element("span", key, f"{curve.name}, lowest at {best}")
