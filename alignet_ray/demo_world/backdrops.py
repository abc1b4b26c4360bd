"""Five quiet sceneries for the objects to stand in, painted once per size and only shifted.

A backdrop is a panorama wider than the picture; the scene's shift chooses the window, so that no
two pictures need share one.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw

from alignet_ray.demo_world.scenes import BACKGROUNDS

Colour = tuple[int, int, int]

_PANORAMA_WIDTHS = 3
"""Width of a panorama, in pictures."""
_SUPERSAMPLING = 3
HORIZON = 0.62
"""Height of the horizon from the top edge, as a fraction of the picture."""

_SKY: dict[str, tuple[Colour, Colour]] = {
    "meadow": ((168, 205, 219), (238, 240, 222)),
    "dunes": ((240, 205, 172), (250, 234, 208)),
    "seaside": ((142, 190, 206), (224, 236, 232)),
    "night": ((38, 44, 78), (104, 98, 138)),
    "snow": ((190, 200, 218), (238, 236, 240)),
}
_GROUND: dict[str, tuple[Colour, Colour]] = {
    "meadow": ((158, 184, 124), (122, 156, 102)),
    "dunes": ((226, 188, 138), (204, 160, 112)),
    "seaside": ((238, 222, 186), (222, 198, 154)),
    "night": ((62, 66, 96), (44, 48, 76)),
    "snow": ((240, 243, 248), (212, 220, 234)),
}
_FAR: dict[str, tuple[Colour, Colour]] = {
    "meadow": ((172, 198, 158), (148, 182, 134)),
    "dunes": ((234, 202, 158), (222, 184, 136)),
    "seaside": ((110, 166, 184), (136, 186, 198)),
    "night": ((74, 76, 114), (56, 60, 92)),
    "snow": ((200, 209, 226), (222, 229, 240)),
}


def backdrop(background: int, shift: float, image_size: int) -> Float[np.ndarray, "size size 3"]:
    """The window of a panorama that starts at `shift` (0 to 1) of the way, values 0 to 255."""
    panorama = _panorama(BACKGROUNDS[background], image_size)
    left = int(shift * (panorama.shape[1] - image_size))
    return panorama[:, left : left + image_size]


@lru_cache(maxsize=32)
def _panorama(name: str, image_size: int) -> Float[np.ndarray, "size width 3"]:
    """Paint one scenery: sky, what stands in the sky, two ridges and the ground."""
    size = image_size * _SUPERSAMPLING
    image = _gradient(_SKY[name], size)
    draw = ImageDraw.Draw(image)
    _paint_sky_objects(name, draw, size)
    far, near = _FAR[name]
    if name == "seaside":
        _paint_sea(draw, size, far, near)
    else:
        rough = name == "snow"
        draw.polygon(_ridge(size, HORIZON - 0.13, 0.085, 2.0, rough), fill=far)
        draw.polygon(_ridge(size, HORIZON - 0.05, 0.045, 3.0, is_rough=False), fill=near)
    ground = _gradient(_GROUND[name], size)
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).polygon(_ridge(size, HORIZON, 0.012, 1.5, is_rough=False), fill=255)
    image.paste(ground, mask=mask)
    return np.asarray(image.reduce(_SUPERSAMPLING), dtype=np.float32)


def _gradient(colours: tuple[Colour, Colour], size: int) -> Image.Image:
    """A panorama that fades from the first colour at the top to the second at the bottom."""
    t = np.linspace(0, 1, size)[:, None]
    column = (np.array(colours[0]) * (1 - t) + np.array(colours[1]) * t).round().astype(np.uint8)
    return Image.fromarray(np.repeat(column[:, None], _PANORAMA_WIDTHS * size, axis=1))


def _ridge(
    size: int, height: float, swing: float, waves: float, is_rough: bool
) -> list[tuple[float, float]]:
    """The outline of a ridge of hills (smooth) or mountains (rough) down to the bottom edge."""
    xs = np.linspace(0, _PANORAMA_WIDTHS, 160)
    wave = np.sin(2 * np.pi * waves * xs / 2) + 0.5 * np.sin(2 * np.pi * waves * xs * 0.77 + 1.3)
    if is_rough:
        wave = (
            2.4 * np.abs((xs * waves * 0.9) % 1 - 0.5) * 2
            - 1.2
            + 0.5 * np.abs((xs * waves * 2.3 + 0.2) % 1 - 0.5)
        )
    ys = height - swing * wave
    outline = [(float(x * size), float(y * size)) for x, y in zip(xs, ys, strict=True)]
    return [*outline, (float(_PANORAMA_WIDTHS * size), float(size)), (0.0, float(size))]


def _paint_sky_objects(name: str, draw: ImageDraw.ImageDraw, size: int) -> None:
    """Paint clouds by day and a moon and stars by night, at fixed places along the panorama."""
    rng = np.random.default_rng(BACKGROUNDS.index(name))
    if name == "night":
        for x, y, radius in zip(
            rng.uniform(0, _PANORAMA_WIDTHS, 60),
            rng.uniform(0, 0.45, 60),
            rng.uniform(0.003, 0.008, 60),
            strict=True,
        ):
            _disc(draw, size, x, y, radius, (226, 220, 206))
        for x in (0.6, 1.6, 2.5):
            _disc(draw, size, x, 0.16, 0.075, (240, 230, 204))
            _disc(draw, size, x + 0.035, 0.145, 0.062, (52, 56, 92))
        return
    if name == "dunes":
        for x in (0.5, 1.5, 2.45):
            _disc(draw, size, x, 0.2, 0.09, (252, 240, 212))
        return
    cloud = (250, 250, 246)
    for x, y in zip(
        np.arange(0.2, _PANORAMA_WIDTHS, 0.55), rng.uniform(0.1, 0.26, 6), strict=False
    ):
        for dx, dy, radius in ((-0.07, 0.01, 0.035), (0.0, -0.012, 0.05), (0.075, 0.01, 0.038)):
            _disc(draw, size, float(x) + dx, float(y) + dy, radius, cloud)


def _disc(
    draw: ImageDraw.ImageDraw, size: int, x: float, y: float, radius: float, fill: Colour
) -> None:
    """Paint a disc, all lengths as fractions of the picture."""
    draw.ellipse(
        [(x - radius) * size, (y - radius) * size, (x + radius) * size, (y + radius) * size],
        fill=fill,
    )


def _paint_sea(draw: ImageDraw.ImageDraw, size: int, far: Colour, near: Colour) -> None:
    """Paint a calm sea with a lighter band along the beach."""
    width = _PANORAMA_WIDTHS * size
    draw.rectangle([0, (HORIZON - 0.17) * size, width, size], fill=far)
    draw.rectangle([0, (HORIZON - 0.07) * size, width, size], fill=near)
    for k in range(_PANORAMA_WIDTHS * 4):
        left, y = (k + 0.37 * (k % 3)) / 4, HORIZON - 0.14 + 0.04 * (k % 3)
        draw.line(
            [left * size, y * size, (left + 0.1) * size, y * size],
            fill=(214, 232, 232),
            width=max(1, size // 120),
        )
