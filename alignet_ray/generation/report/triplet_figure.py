"""A triplet as a figure: the agreeing pair below, the odd one out above, links as wide as the
teacher's pair probabilities.
"""

from dataclasses import dataclass

import numpy as np

from alignet_ray.functional.odd_one_out import PAIR_ORDER, odd_one_out
from alignet_ray.generation.report.samples import ShownTriplet
from alignet_ray.pages.markup import Markup, element, shortened, together
from alignet_ray.pages.pictures import Picture

_WIDTH, _MARGIN, _CORNER = 560.0, 8.0, 18.0
_WIDEST_LINK, _NARROWEST_LINK = 64.0, 2.0

Place = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Side of a picture, height of the band between above and below, size of the numbers' pills."""

    side: float
    band: float
    pill: tuple[float, float]

    @property
    def height(self) -> float:
        """Of the whole figure."""
        return 2 * (self.side + _MARGIN) + self.band

    @property
    def places(self) -> tuple[Place, Place, Place]:
        """Centres of the odd one out and of the pair."""
        reach = _MARGIN + self.side / 2
        below = self.height - reach
        return (_WIDTH / 2, reach), (reach, below), (_WIDTH - reach, below)


_LARGE_LAYOUT = Layout(side=200.0, band=88.0, pill=(76.0, 40.0))
_SMALL_LAYOUT = Layout(side=214.0, band=72.0, pill=(94.0, 46.0))
"""Small figures are shown at a third of the size: larger pictures and letters."""


def triplet_figure(triplet: ShownTriplet, *, is_small: bool) -> Markup:
    """The figure, as wide as the place it is put in."""
    layout = _SMALL_LAYOUT if is_small else _LARGE_LAYOUT
    odd = odd_position(triplet)
    pair = [position for position in range(3) if position != odd]
    place = dict(zip((odd, *pair), layout.places, strict=True))
    links = list(zip(PAIR_ORDER, triplet.probabilities, strict=True))
    return element(
        "svg",
        element("title", description(triplet)),
        *(_link(place[i], place[j], p, odd not in (i, j)) for (i, j), p in links),
        *(_image(triplet.pictures[i], place[i], layout.side, i == odd) for i in range(3)),
        *(_value(place[i], place[j], p, odd not in (i, j), layout) for (i, j), p in links),
        viewBox=f"0 0 {_WIDTH:g} {layout.height:g}",
        role="img",
        class_="triplet small" if is_small else "triplet",
    )


def odd_position(triplet: ShownTriplet) -> int:
    """Position of the image that the teacher leaves out."""
    return int(odd_one_out(np.array([np.argmax(triplet.similarities)]))[0])


def description(triplet: ShownTriplet) -> str:
    """The figure in words."""
    odd = odd_position(triplet)
    probability = max(triplet.probabilities)
    return (
        f"Odd one out: {shortened(triplet.pictures[odd].key)}, with probability {probability:.2f}"
    )


def _link(start: Place, end: Place, probability: float, is_pair: bool) -> Markup:
    width = max(_NARROWEST_LINK, _WIDEST_LINK * probability)
    return element(
        "line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], stroke_width=round(width, 1),
        class_="link pair" if is_pair else "link",
    )  # fmt: skip


def _image(picture: Picture, centre: Place, side: float, is_odd: bool) -> Markup:
    box = {"x": centre[0] - side / 2, "y": centre[1] - side / 2, "width": side, "height": side}
    name = element("title", shortened(picture.key))
    shown = (
        element("rect", name, **box, rx=_CORNER, class_="missing")
        if picture.uri is None
        else element("image", name, **box, href=picture.uri, class_="photo")
    )
    return together(shown, element("rect", **box, rx=_CORNER, class_="odd" if is_odd else "edge"))


def _value(start: Place, end: Place, probability: float, is_pair: bool, layout: Layout) -> Markup:
    """The probability on the middle of its link."""
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    width, height = layout.pill
    which = " pair" if is_pair else ""
    pill = element(
        "rect", x=x - width / 2, y=y - height / 2, width=width, height=height, rx=height / 2,
        class_=f"pill{which}",
    )  # fmt: skip
    number = element(
        "text", f"{probability:.2f}", x=x, y=y, dy="0.35em", text_anchor="middle",
        class_=f"value{which}",
    )  # fmt: skip
    return together(pill, number)
