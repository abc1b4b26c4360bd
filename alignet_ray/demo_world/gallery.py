"""Contact sheets: many pictures on one, for the README and for whoever looks before believing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from alignet_ray.demo_world.categories import NUM_CATEGORIES, SUPERORDINATES
from alignet_ray.demo_world.rendering import render
from alignet_ray.demo_world.scenes import BACKGROUNDS, COLOURS, SIZES, TEXTURES, Scene

_PAPER = (250, 247, 240)
_GAP_FRACTION = 0.06
_CORNER_FRACTION = 0.09
_PER_ROW = NUM_CATEGORIES // len(SUPERORDINATES)


def contact_sheet(*, image_size: int = 144) -> Image.Image:
    """Every category once: a row shares its meaning, a column its surface.

    People sort these pictures by rows; a model that looks at surfaces sorts them by columns.
    """
    rows = [
        [_specimen(row * _PER_ROW + column, column) for column in range(_PER_ROW)]
        for row in range(len(SUPERORDINATES))
    ]
    return tile(rows, image_size=image_size)


def _specimen(category: int, surface: int) -> Scene:
    """A category on one of a few surfaces, standing straight and in the middle."""
    return Scene(
        category=category,
        colour=surface % len(COLOURS),
        texture=surface % len(TEXTURES),
        size=len(SIZES) // 2,
        background=surface % len(BACKGROUNDS),
        texture_phase=surface / _PER_ROW,
        backdrop_shift=category / NUM_CATEGORIES,
    )


def tile(rows: Sequence[Sequence[Scene]], *, image_size: int) -> Image.Image:
    """Scenes rendered into a grid on paper, with rounded corners."""
    gap = round(_GAP_FRACTION * image_size)
    step = image_size + gap
    width = max(len(row) for row in rows) * step + gap
    sheet = Image.new("RGB", (width, len(rows) * step + gap), _PAPER)
    corners = Image.fromarray(_rounded_mask(image_size))
    for i, row in enumerate(rows):
        for j, scene in enumerate(row):
            sheet.paste(render(scene, image_size), (gap + j * step, gap + i * step), corners)
    return sheet


def _rounded_mask(image_size: int) -> UInt8[np.ndarray, "{image_size} {image_size}"]:
    """A square with soft round corners, 255 inside."""
    radius = _CORNER_FRACTION * image_size
    from_centre = np.abs(np.arange(image_size) + 0.5 - image_size / 2)
    beyond = np.maximum(from_centre - (image_size / 2 - radius), 0)
    distance = np.hypot(beyond[:, None], beyond[None, :])
    return (255 * np.clip(radius - distance + 0.5, 0, 1)).astype(np.uint8)
