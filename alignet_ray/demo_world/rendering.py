"""Scene in, picture out: a paper cut-out with a pale rim, in a quiet scenery, with a soft shadow.

Parts are painted as role numbers at four times the size, texture is one more role, and a palette
turns the numbers into colour; light, rim and shadow are laid on after scaling down. Nothing here
draws random numbers: the same scene is the same picture, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw, ImageFilter

from alignet_ray.demo_world.backdrops import backdrop
from alignet_ray.demo_world.outlines import Outline, Part, Role
from alignet_ray.demo_world.scenes import COLOURS, SIZES, TEXTURES, Scene
from alignet_ray.demo_world.shapes import build_shape

Colour = tuple[int, int, int]

_SUPERSAMPLING = 4
_REFERENCE_SIZE = 96
"""Image size at which the rim is one pixel wide."""

HUES: dict[str, Colour] = {
    "coral": (214, 106, 92),
    "ochre": (222, 168, 70),
    "sage": (122, 158, 106),
    "teal": (62, 142, 142),
    "blue": (88, 118, 178),
    "mauve": (158, 112, 160),
}
_NEUTRALS: dict[Role, Colour] = {
    Role.INK: (62, 58, 70),
    Role.CREAM: (250, 243, 226),
    Role.GLASS: (204, 222, 226),
    Role.STONE: (172, 164, 158),
}
_RIM: Colour = (252, 248, 238)
_SHADOW_STRENGTH = 0.34
_PATTERN = max(Role) + 1
"""Role number of the parts of the body that the texture paints."""

_SCALES: dict[str, float] = {"small": 0.3, "medium": 0.37, "large": 0.44}
"""Half the width of the shape's frame, as a fraction of the picture."""
_FOOT = 0.9
"""Where an object stands, as a fraction of the picture from the top."""
_ROOM_BELOW = 0.03
_TEXTURE_PERIOD = 0.27
"""A stripe and its gap in the shape's own units, so that patterns grow with the object."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Placement:
    """Maps a shape's coordinates to pixels of a square canvas: p = origin + matrix @ (x, y)."""

    origin: Float[np.ndarray, "2"]
    matrix: Float[np.ndarray, "2 2"]

    def __call__(self, outline: Outline) -> Outline:
        return outline @ self.matrix.T + self.origin


def render(scene: Scene, image_size: int) -> Image.Image:
    """The picture of a scene as a square RGB image."""
    canvas_size = image_size * _SUPERSAMPLING
    placement = _place(scene, canvas_size)
    roles = _paint_roles(build_shape(scene.category, scene.proportions), placement, canvas_size)
    pattern = _texture(TEXTURES[scene.texture], scene.texture_phase, placement, canvas_size)
    if pattern is not None:
        roles[(roles == Role.BODY) & pattern] = _PATTERN
    figure = np.asarray(
        Image.fromarray(_palette(COLOURS[scene.colour])[roles], "RGBa").reduce(_SUPERSAMPLING)
    )
    picture = backdrop(scene.background, scene.backdrop_shift, image_size)
    picture = _lay_shadow(picture, placement, image_size)
    picture = _lay_rim(picture, figure[..., 3], image_size)
    return Image.fromarray(_lay_figure(picture, figure).round().clip(0, 255).astype(np.uint8))


def _place(scene: Scene, canvas_size: int) -> _Placement:
    """Where the scene puts its object."""
    scale = _SCALES[SIZES[scene.size]]
    room = max(0.0, 0.5 - 1.12 * scale)
    origin = np.array([0.5 + room * scene.x, _FOOT + _ROOM_BELOW * scene.y]) * canvas_size
    angle = np.deg2rad(scene.angle_degrees)
    flip = -1.0 if scene.is_mirrored else 1.0
    matrix = np.array(
        [[flip * np.cos(angle), -np.sin(angle)], [-flip * np.sin(angle), -np.cos(angle)]]
    )
    return _Placement(origin=origin, matrix=scale * canvas_size * matrix)


def _paint_roles(
    parts: list[Part], placement: _Placement, canvas_size: int
) -> UInt8[np.ndarray, "size size"]:
    """Paint the parts as role numbers, later ones over earlier ones; 0 is empty."""
    canvas = Image.new("L", (canvas_size, canvas_size), 0)
    draw = ImageDraw.Draw(canvas)
    for part in parts:
        draw.polygon(placement(part.outline).ravel().tolist(), fill=int(part.role))
    return np.array(canvas)


def _texture(
    name: str, phase: float, placement: _Placement, canvas_size: int
) -> Bool[np.ndarray, "size size"] | None:
    """Where the texture's second tone lies, in the object's own frame, so that it turns with it."""
    if name == "plain":
        return None
    inverse = np.linalg.inv(placement.matrix).astype(np.float32) / _TEXTURE_PERIOD
    offset = (phase - inverse @ placement.origin).astype(np.float32)
    pixels = np.arange(canvas_size, dtype=np.float32)
    u = inverse[0, 0] * pixels[None, :] + inverse[0, 1] * pixels[:, None] + offset[0]
    if name == "stripes":
        slanted = u + (
            inverse[1, 0] * pixels[None, :] + inverse[1, 1] * pixels[:, None] + offset[1]
        ) * np.float32(0.5)
        return slanted - np.floor(slanted) < 0.5
    v = inverse[1, 0] * pixels[None, :] + inverse[1, 1] * pixels[:, None] + offset[1]
    if name == "checks":
        return (np.floor(2 * u).astype(np.int32) + np.floor(2 * v).astype(np.int32)) % 2 == 0
    u, v = u - np.floor(u) - 0.5, v - np.floor(v) - 0.5
    return u * u + v * v < 0.085


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    """A colour `share` of the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _palette(colour: str) -> UInt8[np.ndarray, "roles 4"]:
    """The colour of each role, opaque; role 0 is transparent."""
    hue = HUES[colour]
    roles: dict[int, Colour] = {
        Role.BODY: hue,
        Role.SHADE: _mix(hue, (48, 40, 66), 0.36),
        Role.LIGHT: _mix(hue, (255, 250, 240), 0.5),
        _PATTERN: _mix(hue, (255, 248, 232), 0.58),
        **_NEUTRALS,
    }
    palette = np.zeros((_PATTERN + 1, 4), dtype=np.uint8)
    for role, rgb in roles.items():
        palette[role] = (*rgb, 255)
    return palette


def _lay_shadow(
    picture: Float[np.ndarray, "size size 3"], placement: _Placement, image_size: int
) -> Float[np.ndarray, "size size 3"]:
    """Darken the ground under the object by a soft ellipse."""
    x, y = placement.origin / _SUPERSAMPLING
    half = 0.85 * float(np.hypot(*placement.matrix[:, 0])) / _SUPERSAMPLING
    pixels = np.arange(image_size, dtype=np.float32) + 0.5
    distance = ((pixels[None, :] - x) / half) ** 2 + ((pixels[:, None] - y) / (0.2 * half)) ** 2
    shade = _SHADOW_STRENGTH * np.exp(-1.3 * distance)
    return (picture * (1 - shade[..., None] * np.array([1.0, 0.95, 0.8]))).astype(np.float32)


def _lay_rim(
    picture: Float[np.ndarray, "size size 3"],
    coverage: UInt8[np.ndarray, "size size"],
    image_size: int,
) -> Float[np.ndarray, "size size 3"]:
    """Lay a pale rim under the figure, as if it were cut from paper."""
    width = max(1, round(image_size / _REFERENCE_SIZE))
    grown = (
        Image.fromarray(coverage)
        .filter(ImageFilter.MaxFilter(2 * width + 1))
        .filter(ImageFilter.BoxBlur(0.4 * width))
    )
    share = np.asarray(grown, dtype=np.float32)[..., None] / 255
    return picture * (1 - share) + np.array(_RIM, dtype=np.float32) * share


def _lay_figure(
    picture: Float[np.ndarray, "size size 3"], figure: UInt8[np.ndarray, "size size 4"]
) -> Float[np.ndarray, "size size 3"]:
    """Lay the figure (premultiplied) over the picture, lit from above."""
    size = len(picture)
    light = np.linspace(1.07, 0.88, size, dtype=np.float32)[:, None, None]
    share = figure[..., 3:].astype(np.float32) / 255
    return picture * (1 - share) + figure[..., :3] * light
