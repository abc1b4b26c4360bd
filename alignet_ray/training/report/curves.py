"""Learning curves in SVG: noisy ones as means of neighbouring steps, few ones with their points."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from alignet_ray.pages.markup import Markup, element, together
from alignet_ray.pages.plot import Frame, Point, frame, log_ticks, plot, ticks

_MOST_POINTS = 160
_LOG_RATIO = 50
_LOOKS = 5


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Values by step. `look` is train, or the number of a strategy."""

    name: str
    look: str
    points: tuple[Point, ...]
    has_dots: bool = False


def curve_of(name: str, look: str, points: Sequence[Point], *, has_dots: bool = False) -> Curve:
    """A curve through the points, or through means of runs of them where they are many."""
    shown = tuple(points)
    if len(shown) > _MOST_POINTS:
        pieces = np.array_split(np.array(shown, dtype=np.float64), _MOST_POINTS)
        shown = tuple((float(own[:, 0].mean()), float(own[:, 1].mean())) for own in pieces)
    return Curve(name=name, look=look, points=shown, has_dots=has_dots)


def median(values: Sequence[float]) -> float:
    """The median of some values."""
    return float(np.median(np.array(values, dtype=np.float64)))


def curves_card(
    title: str,
    curves: Sequence[Curve],
    y_title: str,
    note: str = "",
    *,
    unit: str = "",
    may_be_log: bool = False,
) -> Markup:
    """A card with all curves on one plot over the steps, and a legend where they are several.

    Values far apart stand on a logarithmic axis where they may.
    """
    legend = [_key(own) for own in curves] if len(curves) > 1 else []
    return element(
        "div",
        element("h3", title),
        _plot(title, curves, y_title, unit, may_be_log=may_be_log),
        *([element("p", *legend, class_="legend lines")] if legend else []),
        *([element("p", note, class_="note")] if note else []),
        class_="card",
    )


def _plot(
    title: str, curves: Sequence[Curve], y_title: str, unit: str, *, may_be_log: bool
) -> Markup:
    values = [y for own in curves for _, y in own.points]
    last = max(x for own in curves for x, _ in own.points)
    is_log = may_be_log and min(values) > 0 and max(values) / min(values) > _LOG_RATIO
    low, high = _range(values, is_log=is_log)
    axes = frame((0, max(1, last)), (low, high), "step", y_title, is_log_y=is_log)
    y_ticks = log_ticks(low, high) if is_log else ticks(low, high, 5)
    return plot(
        f"{title}: {'; '.join(f'{own.name} ends at {own.points[-1][1]:.4g}' for own in curves)}",
        axes.axes(ticks(0, max(1, last), 5), y_ticks, unit),
        *(_curve(axes, own) for own in curves),
    )


def _range(values: Sequence[float], *, is_log: bool) -> tuple[float, float]:
    low, high = min(values), max(values)
    if is_log:
        return low / 1.1, high * 1.1
    pad = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    return (0.0 if 0 <= low < 0.35 * high else low - pad), high + pad


def _curve(axes: Frame, curve: Curve) -> Markup:
    line = element(
        "path",
        element("title", curve.name),
        d=axes.path(curve.points),
        class_=f"curve {curve.look}",
    )
    return together(line, *(_dots(axes, curve) if curve.has_dots else ()))


def _dots(axes: Frame, curve: Curve) -> Iterator[Markup]:
    for step, value in curve.points:
        words = element("title", f"{curve.name}, step {step:,g}: {value:.4g}")
        yield element("circle", words, cx=round(axes.x(step), 1), cy=round(axes.y(value), 1), r=3.5,
                      class_=f"point {curve.look}")  # fmt: skip


def look_of(number: int) -> str:
    """The look of the curve with that number."""
    return f"look-{number % _LOOKS}"


def _key(curve: Curve) -> Markup:
    return element("span", element("i", class_=f"key {curve.look}"), curve.name)
