"""What one picture shows: its meaning (a category) and its surface, drawn independently.

Independence is the point of the demo: a model that has learned colour, texture, size and background
knows nothing about the category, by construction, and a chi-square test holds us to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alignet_ray.demo_world.categories import NUM_CATEGORIES
from alignet_ray.errors import ConfigError

COLOURS: tuple[str, ...] = ("coral", "ochre", "sage", "teal", "blue", "mauve")
TEXTURES: tuple[str, ...] = ("plain", "stripes", "dots", "checks")
SIZES: tuple[str, ...] = ("small", "medium", "large")
BACKGROUNDS: tuple[str, ...] = ("meadow", "dunes", "seaside", "night", "snow")

SURFACE_CARDINALITIES: dict[str, int] = {
    "colour": len(COLOURS),
    "texture": len(TEXTURES),
    "size": len(SIZES),
    "background": len(BACKGROUNDS),
}
"""The surface attributes, in the order in which they are drawn, with the number of their values."""

PROPORTION_SPREAD = 0.12
"""Largest relative change of a shape's length, height and details."""
MAX_ANGLE_DEGREES = 6.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Proportions:
    """How one individual differs from its category: factors near 1 on the outline."""

    length: float = 1.0
    height: float = 1.0
    detail: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Everything a picture depends on; the same scene is always the same picture.

    Surface attributes index `COLOURS`, `TEXTURES`, `SIZES` and `BACKGROUNDS`. `x` and `y` lie in
    [-1, 1] and move the object inside the room that its size leaves; `texture_phase` and
    `backdrop_shift` lie in [0, 1).
    """

    category: int
    colour: int
    texture: int
    size: int
    background: int
    x: float = 0.0
    y: float = 0.0
    angle_degrees: float = 0.0
    is_mirrored: bool = False
    proportions: Proportions = Proportions()
    texture_phase: float = 0.0
    backdrop_shift: float = 0.0

    def surface(self) -> dict[str, int]:
        """The surface attributes by name, in the order of `SURFACE_CARDINALITIES`."""
        return {
            "colour": self.colour,
            "texture": self.texture,
            "size": self.size,
            "background": self.background,
        }


def balanced_categories(num_scenes: int, rng: np.random.Generator) -> list[int]:
    """Each category equally often, in random order; counts differ by at most one."""
    rounds = -(-num_scenes // NUM_CATEGORIES)
    order = np.concatenate([rng.permutation(NUM_CATEGORIES) for _ in range(rounds)])[:num_scenes]
    return rng.permutation(order).tolist()


def sample_scenes(num_scenes: int, seed: int | Sequence[int]) -> tuple[Scene, ...]:
    """Scenes with balanced categories, and uniform surfaces that are independent of them."""
    if num_scenes < 1:
        raise ConfigError(f"num_scenes = {num_scenes}", "1 or more", "sample_scenes")
    rng = np.random.default_rng(seed)
    return tuple(_sample_scene(category, rng) for category in balanced_categories(num_scenes, rng))


def _sample_scene(category: int, rng: np.random.Generator) -> Scene:
    """Draw one scene of a category; the draws below never look at it."""
    surface = {name: int(rng.integers(count)) for name, count in SURFACE_CARDINALITIES.items()}
    length, height, detail = (
        float(value) for value in rng.uniform(1 - PROPORTION_SPREAD, 1 + PROPORTION_SPREAD, 3)
    )
    x, y, tilt = (float(value) for value in rng.uniform(-1, 1, 3))
    return Scene(
        category=category,
        **surface,
        x=x,
        y=y,
        angle_degrees=tilt * MAX_ANGLE_DEGREES,
        is_mirrored=bool(rng.random() < 0.5),
        proportions=Proportions(length=length, height=height, detail=detail),
        texture_phase=float(rng.random()),
        backdrop_shift=float(rng.random()),
    )
