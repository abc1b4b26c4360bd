"""A plot's frame in SVG: scales, ticks, grid and axis titles. Colours come from the page's CSS."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from alignet_ray.pages.markup import Markup, Number, element, together

WIDTH, HEIGHT = 460.0, 284.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 14.0, 40.0, 46.0
_STEPS = (1, 2, 2.5, 5, 10)

Point = tuple[Number, Number]


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Values of one axis to pixels, linear or logarithmic."""

    low: Number
    high: Number
    start: Number
    end: Number
    is_log: bool = False

    def __call__(self, value: Number) -> float:
        """Position of a value."""
        low, high, at = self.low, self.high, value
        if self.is_log:
            low, high, at = math.log(low), math.log(high), math.log(max(value, low))
        return self.start + (self.end - self.start) * (at - low) / ((high - low) or 1)


def ticks(low: Number, high: Number, most: int = 6) -> list[float]:
    """Round numbers inside [low, high], at most about `most` of them."""
    span = (high - low) or 1
    magnitude = 10.0 ** math.floor(math.log10(span / most))
    step = next(float(s * magnitude) for s in _STEPS if span / (s * magnitude) <= most)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: Number, high: Number) -> list[float]:
    """1, 10, 100 ... inside [low, high], with 2 and 5 of each where these are few."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    digits = (1,) if high / low > 1000 else (1, 2, 5)
    return [d * 10.0**p for p in powers for d in digits if low <= d * 10.0**p <= high]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The two scales of a plot and what its axes are called."""

    x: Scale
    y: Scale
    x_title: str
    y_title: str

    def axes(
        self,
        x_ticks: Sequence[Number],
        y_ticks: Sequence[Number],
        y_unit: str = "",
    ) -> Markup:
        """Grid, tick labels and axis titles."""
        base = HEIGHT - BOTTOM
        rows = [
            together(
                line((LEFT, self.y(tick)), (WIDTH - RIGHT, self.y(tick)), "grid"),
                text(LEFT - 8, self.y(tick) + 4, f"{tick:,g}{y_unit}", "tick", anchor="end"),
            )
            for tick in y_ticks
        ]
        columns = [text(self.x(tick), base + 18, f"{tick:,g}", "tick") for tick in x_ticks]
        return together(
            *rows,
            line((LEFT, base), (WIDTH - RIGHT, base), "axis"),
            *columns,
            text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, self.x_title, "title"),
            text(0, 12, self.y_title, "title", anchor="start"),
        )

    def path(self, points: Sequence[Point]) -> str:
        """Sequence[Point] as the data of a path of straight lines."""
        return "M" + "L".join(f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in points)


def frame(
    x_range: Point,
    y_range: Point,
    x_title: str,
    y_title: str,
    *,
    is_log_y: bool = False,
) -> Frame:
    """A frame over the plot's area."""
    return Frame(
        x=Scale(low=x_range[0], high=x_range[1], start=LEFT, end=WIDTH - RIGHT),
        y=Scale(low=y_range[0], high=y_range[1], start=HEIGHT - BOTTOM, end=TOP, is_log=is_log_y),
        x_title=x_title,
        y_title=y_title,
    )


def plot(description: str, *children: str) -> Markup:
    """The picture of a plot; the description is what it shows, for those who cannot see it."""
    return element(
        "svg", element("title", description), *children,
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}", role="img", class_="plot",
    )  # fmt: skip


def line(start: Point, end: Point, class_: str) -> Markup:
    """A straight line."""
    return element(
        "line", x1=round(start[0], 1), y1=round(start[1], 1), x2=round(end[0], 1),
        y2=round(end[1], 1), class_=class_,
    )  # fmt: skip


def text(x: Number, y: Number, words: str, class_: str, anchor: str = "middle") -> Markup:
    """Words at a place."""
    return element("text", words, x=round(x, 1), y=round(y, 1), class_=class_, text_anchor=anchor)
