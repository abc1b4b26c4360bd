"""Contact sheets: many pictures on one, for the README and for people who want to look before they believe."""

from __future__ import annotations

import numpy as np
from PIL import Image

from alignet_ray.demo_world.categories import NUM_CATEGORIES, SUPERORDINATES
from alignet_ray.demo_world.rendering import render
from alignet_ray.demo_world.scenes import Scene, sample_scenes

_PAPER = (250, 247, 240)
_GAP_FRACTION = 0.06


def contact_sheet(*, columns: int = 6, image_size: int = 128, seed: int = 0) -> Image.Image:
    """Return one row per superordinate category: the same meaning on ever different surfaces."""
    if not 1 <= columns <= NUM_CATEGORIES // len(SUPERORDINATES):
        raise ValueError(
            f"columns must lie between 1 and {NUM_CATEGORIES // len(SUPERORDINATES)}, not {columns}"
        )
    scenes = sorted(sample_scenes(NUM_CATEGORIES, seed), key=lambda scene: scene.category)
    per_row = NUM_CATEGORIES // len(SUPERORDINATES)
    rows = [scenes[start : start + columns] for start in range(0, NUM_CATEGORIES, per_row)]
    return tile([list(row) for row in rows], image_size=image_size)


def tile(rows: list[list[Scene]], *, image_size: int) -> Image.Image:
    """Render scenes into a grid on paper white with rounded corners."""
    gap = round(_GAP_FRACTION * image_size)
    step = image_size + gap
    width = max(len(row) for row in rows) * step + gap
    sheet = Image.new("RGB", (width, len(rows) * step + gap), _PAPER)
    corners = _rounded_mask(image_size)
    for i, row in enumerate(rows):
        for j, scene in enumerate(row):
            sheet.paste(render(scene, image_size), (gap + j * step, gap + i * step), corners)
    return sheet


def _rounded_mask(image_size: int) -> Image.Image:
    """Return a square mask with soft round corners."""
    radius = 0.09 * image_size
    beyond = np.abs(np.arange(image_size) + 0.5 - image_size / 2) - (image_size / 2 - radius)
    beyond = np.maximum(beyond, 0)
    distance = np.hypot(beyond[:, None], beyond[None, :])
    return Image.fromarray((255 * np.clip(radius - distance + 0.5, 0, 1)).astype(np.uint8))
