"""Points in a plane, coloured by what they are; one path a colour, so that thousands stay small."""

from collections.abc import Sequence

from alignet_ray.pages.markup import Markup, element
from alignet_ray.pages.plot import Point, text

_SIDE, _MARGIN, _WORDS = 400.0, 8.0, 24.0
_LEAST_HEIGHT = 0.5
_LIGHT = (
    "#17756f", "#c4512d", "#4a63a8", "#c08a1e", "#8a4f9e", "#5b8c2a", "#b0446a", "#6b5a45",
)  # fmt: skip
_DARK = (
    "#63c6b8", "#f0906b", "#8fa6ea", "#e4bb5a", "#c694da", "#a3cf6c", "#ea8fb0", "#bda88c",
)  # fmt: skip
NUM_COLOURS = len(_LIGHT)


def scatter(
    points: Sequence[Point],
    colours: Sequence[int],
    x_title: str,
    y_title: str,
    description: str,
) -> Markup:
    """Points with coordinates in [-1, 1]; a colour of -1 is grey and lies below the others.

    The picture is as high as the points need.
    """
    reach = max((abs(y) for _, y in points), default=1)
    height = round(_SIDE * max(_LEAST_HEIGHT, reach))
    drawn = [
        element("path", d=_path([p for p, own in zip(points, colours, strict=True) if own == one],
                                height / 2),
                class_=f"dots-of {colour_class(one)}")
        for one in sorted(set(colours))
    ]  # fmt: skip
    return element(
        "svg",
        element("title", description),
        *drawn,
        text(_SIDE, height + _WORDS - 8, f"{x_title} \N{RIGHTWARDS ARROW}", "title", anchor="end"),
        # Above the points and level: a flat picture has no room for it along the side.
        text(0, -10, f"\N{UPWARDS ARROW} {y_title}", "title", anchor="start"),
        viewBox=f"0 {-_WORDS:g} {_SIDE:g} {height + 2 * _WORDS:g}",
        role="img",
        class_="scatter",
    )


def scatter_legend(names: Sequence[str], others: str) -> Markup:
    """Names by the colours of their numbers, and what the grey points are."""
    keys = [
        element("span", element("i", class_=colour_class(number)), name)
        for number, name in enumerate(names)
    ]
    rest = [element("span", element("i", class_=colour_class(-1)), others)] if others else []
    return element("p", *keys, *rest, class_="legend colours")


def colour_class(number: int) -> str:
    """The style's class of a colour."""
    return f"colour-{number}" if number >= 0 else "colour-rest"


def _path(points: Sequence[Point], level: float) -> str:
    """Points around the middle of the width, at the level of y = 0."""
    middle, reach = _SIDE / 2, _SIDE / 2 - _MARGIN
    return "".join(f"M{middle + reach * x:.1f} {level - reach * y:.1f}h0" for x, y in points)


def _rules(colours: Sequence[str]) -> str:
    return " ".join(
        f".colour-{number} {{ --own: {colour}; }}" for number, colour in enumerate(colours)
    )


SCATTER_STYLE = f"""\
{_rules(_LIGHT)} .colour-rest {{ --own: var(--link); }}
@media (prefers-color-scheme: dark) {{ {_rules(_DARK)} }}
.scatter .dots-of {{ stroke: var(--own); stroke-width: 5; stroke-linecap: round; fill: none;
  opacity: .8; }}
.scatter .title {{ font-size: 13px; fill: var(--soft); }}
.legend.colours i {{ background: var(--own); border-radius: 50%; }}
"""
"""Rules that a page with scatter plots adds to its style sheet."""
