"""Dots with intervals on lanes, and ceilings across them; HTML, so that words keep their size.

Lanes shrink with the screen and their words do not: on a phone a row's words stand above its lane.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from alignet_ray.pages.markup import Markup, element, share
from alignet_ray.pages.plot import ticks


class Dot(NamedTuple):
    """An estimate with its interval, if it has one; `state` names its look: before or after.

    `words` stand before its lane; its state does where there are none.
    """

    state: str
    estimate: float
    low: float | None = None
    high: float | None = None
    words: str = ""


class Ceiling(NamedTuple):
    """A line across all lanes: what it is, where, and its look: chance, person or most."""

    words: str
    value: float
    kind: str


def dot_plot(
    groups: Mapping[str, Sequence[Dot]],
    ceilings: Sequence[Ceiling],
    low: float,
    high: float,
    *,
    is_share: bool = True,
) -> Markup:
    """Lanes by group on one axis from low to high, its ticks, and a legend.

    Values are shares, shown in per cent, or else plain numbers.
    """

    def at(value: float) -> str:
        return f"{100 * (value - low) / (high - low):.2f}%"

    marks = [
        element("i", class_=f"ceiling {own.kind}", style=f"left: {at(own.value)}")
        for own in ceilings
    ]
    rows: list[Markup] = []
    for name, dots in groups.items():
        rows.append(element("div", name, class_="lane-group"))
        for dot in dots:
            lane = element("div", *marks, *_interval(dot, low, high), _point(dot, at(dot.estimate)),
                           class_="lane")  # fmt: skip
            words = element("span", dot.words or dot.state, class_="state")
            rows.append(
                element(
                    "div",
                    words,
                    lane,
                    _figures(dot, is_share=is_share),
                    class_=f"lane-row {dot.state}",
                )
            )
    scale = [
        element("span", f"{100 * tick:g} %" if is_share else f"{tick:g}", style=f"left: {at(tick)}")
        for tick in ticks(low, high, 5)
    ]
    axis = element("div", element("span", ""), element("div", *scale, class_="lane-axis"),
                   element("span", ""), class_="lane-row")  # fmt: skip
    keys = [
        element(
            "span",
            element("i", class_=f"ceiling {own.kind}"),
            f"{_plain(own.value, is_share=is_share) if own.value else 0} {own.words}",
        )
        for own in ceilings
    ]
    return element(
        "div", *rows, axis, element("p", *keys, class_="legend lines"), class_="dots", role="figure"
    )


def _interval(dot: Dot, low: float, high: float) -> list[Markup]:
    if dot.low is None or dot.high is None:
        return []
    left, width = (dot.low - low) / (high - low), (dot.high - dot.low) / (high - low)
    return [
        element("i", class_="reach", style=f"left: {100 * left:.2f}%; width: {100 * width:.2f}%")
    ]


def _point(dot: Dot, left: str) -> Markup:
    return element("i", class_="point", style=f"left: {left}")


def _plain(value: float, *, is_share: bool) -> str:
    return share(value) if is_share else f"{value:z.3f}"


def _figures(dot: Dot, *, is_share: bool) -> Markup:
    inside = [element("b", _plain(dot.estimate, is_share=is_share))]
    if dot.low is not None and dot.high is not None:
        ends = (
            f"{100 * dot.low:z.1f}, {100 * dot.high:z.1f}"
            if is_share
            else f"{dot.low:z.3f}, {dot.high:z.3f}"
        )
        inside.append(element("span", f" [{ends}]"))
    return element("span", *inside, class_="figures")


DOTS_STYLE = """\
.dots { margin-top: 18px; }
.lane-group { font-size: .92rem; font-weight: 620; margin: 12px 0 2px; }
.lane-row { display: grid; grid-template-columns: 52px minmax(0, 1fr) 142px; gap: 12px;
  align-items: center; }
.lane-row .state { color: var(--soft); font-size: .88rem; }
.lane-row .figures { font-size: .85rem; white-space: nowrap; }
.lane-row .figures span { color: var(--soft); }
.lane { position: relative; height: 30px; background: linear-gradient(var(--line), var(--line))
  center / 100% 1px no-repeat; }
.lane i { position: absolute; display: block; }
i.ceiling { border-left: 2px solid var(--ink); }
.lane .ceiling { top: 0; bottom: 0; width: 0; }
i.ceiling.chance { border-left-style: dotted; border-color: var(--soft); }
i.ceiling.most { border-left-style: dashed; }
.lane .reach { top: 11px; height: 8px; border-radius: 8px; background: var(--odd);
  opacity: .35; }
.lane .point { top: 8px; width: 14px; height: 14px; margin-left: -7px; border-radius: 50%;
  border: 3px solid var(--odd); background: var(--card); }
.after .reach { background: var(--pair); }
.after .point { border-color: var(--pair); background: var(--pair); }
.lane-axis { position: relative; height: 20px; font-size: .78rem; color: var(--soft); }
.lane-axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.legend i.ceiling { width: 0; height: 18px; border-radius: 0; background: none;
  border-left-width: 2px; vertical-align: -4px; }
@media (max-width: 640px) {
  .lane-row { grid-template-columns: 1fr auto; gap: 0 12px; }
  .lane-row .lane, .lane-row .lane-axis { grid-column: 1 / -1; grid-row: 2; }
}
"""
"""Rules that a page with dots adds to its style sheet."""
