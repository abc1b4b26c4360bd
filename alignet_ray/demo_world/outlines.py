"""The alphabet that shapes are written in: parts with a role, each a polygon.

In a shape's own coordinates x runs from -1 (left) to 1 (right) and y from 0 (the ground) up to 2. A
shape is a list of parts, painted in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from jaxtyping import Float

Point = tuple[float, float]
Outline = Float[np.ndarray, "points 2"]

_ELLIPSE_POINTS = 28
_CURVE_STEPS = 6
_CORNER_STEPS = 5


class Role(IntEnum):
    """What a part is painted with: the first three wear the colour, only `BODY` the texture."""

    BODY = 1
    SHADE = 2
    LIGHT = 3
    INK = 4
    CREAM = 5
    GLASS = 6
    STONE = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One filled polygon."""

    role: Role
    outline: Outline


def ellipse(
    role: Role, x: float, y: float, rx: float, ry: float, tilt_degrees: float = 0.0
) -> Part:
    """An ellipse around (x, y), turned anticlockwise."""
    angles = np.linspace(0, 2 * np.pi, _ELLIPSE_POINTS, endpoint=False)
    along, across = rx * np.cos(angles), ry * np.sin(angles)
    tilt = np.deg2rad(tilt_degrees)
    xs = x + along * np.cos(tilt) - across * np.sin(tilt)
    ys = y + along * np.sin(tilt) + across * np.cos(tilt)
    return Part(role=role, outline=np.stack([xs, ys], axis=1))


def disc(role: Role, x: float, y: float, radius: float) -> Part:
    """A circle."""
    return ellipse(role, x, y, radius, radius)


def polygon(role: Role, *points: Point) -> Part:
    """A polygon with sharp corners."""
    return Part(role=role, outline=np.array(points, dtype=np.float64))


def box(
    role: Role, left: float, bottom: float, right: float, top: float, radius: float = 0.0
) -> Part:
    """An upright rectangle with rounded corners."""
    if radius <= 0:
        return polygon(role, (left, bottom), (right, bottom), (right, top), (left, top))
    turns = np.linspace(0, np.pi / 2, _CORNER_STEPS)
    corners = [
        (right - radius, top - radius, 0.0),
        (left + radius, top - radius, np.pi / 2),
        (left + radius, bottom + radius, np.pi),
        (right - radius, bottom + radius, 3 * np.pi / 2),
    ]
    arcs = [
        np.stack([x + radius * np.cos(start + turns), y + radius * np.sin(start + turns)], axis=1)
        for x, y, start in corners
    ]
    return Part(role=role, outline=np.concatenate(arcs))


def _catmull_rom(knots: Outline) -> Float[np.ndarray, "curve 2"]:
    """The smooth curve from the second to the last but one knot, passing through all between."""
    before, start, end, after = (
        knots[:-3, None],
        knots[1:-2, None],
        knots[2:-1, None],
        knots[3:, None],
    )
    t = np.linspace(0, 1, _CURVE_STEPS, endpoint=False)[None, :, None]
    curve = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    return curve.reshape(-1, 2)


def blob(role: Role, *points: Point) -> Part:
    """A closed smooth curve through the points."""
    knots = np.array([points[-1], *points, points[0], points[1]], dtype=np.float64)
    return Part(role=role, outline=_catmull_rom(knots))


def ribbon(role: Role, points: Sequence[Point], start_width: float, end_width: float) -> Part:
    """A smooth stroke through the points, of changing width: necks, legs, tails."""
    knots = np.array([points[0], *points, points[-1]], dtype=np.float64)
    centre = np.concatenate([_catmull_rom(knots), knots[-1:]])
    direction = np.gradient(centre, axis=0)
    length = np.maximum(np.hypot(direction[:, 0], direction[:, 1]), 1e-9)
    normal = np.stack([-direction[:, 1], direction[:, 0]], axis=1) / length[:, None]
    half = np.linspace(start_width, end_width, len(centre))[:, None] / 2
    cap = _round_cap(centre[-1], normal[-1], end_width / 2)
    return Part(
        role=role,
        outline=np.concatenate([centre + half * normal, cap, (centre - half * normal)[::-1]]),
    )


def _round_cap(
    tip: Float[np.ndarray, "2"], normal: Float[np.ndarray, "2"], radius: float
) -> Outline:
    """The half circle that ends a stroke, from its left to its right side."""
    ahead = np.array([normal[1], -normal[0]])
    turns = np.linspace(0, np.pi, _CORNER_STEPS + 2)[1:-1, None]
    return tip + radius * (np.cos(turns) * normal + np.sin(turns) * ahead)


def fluff(
    role: Role, x: float, y: float, rx: float, ry: float, num_bumps: int, depth: float = 0.12
) -> Part:
    """An ellipse with a scalloped edge: foliage, curls, clouds."""
    angles = np.linspace(0, 2 * np.pi, num_bumps * _CURVE_STEPS, endpoint=False)
    radius = 1 - depth + depth * np.abs(np.sin(angles * num_bumps / 2)) * 2
    outline = np.stack([x + rx * radius * np.cos(angles), y + ry * radius * np.sin(angles)], axis=1)
    return Part(role=role, outline=outline)


def eye(x: float, y: float, radius: float = 0.09) -> list[Part]:
    """A white eye with a pupil that looks ahead: every animal has one."""
    return [disc(Role.CREAM, x, y, radius), disc(Role.INK, x + 0.25 * radius, y, 0.6 * radius)]


def wheel(x: float, radius: float) -> list[Part]:
    """A wheel that stands on the ground: every vehicle has some."""
    return [disc(Role.INK, x, radius, radius), disc(Role.STONE, x, radius, 0.5 * radius)]


def pot(width: float = 0.72) -> list[Part]:
    """The pot that every plant grows from, 0.5 high."""
    half = width / 2
    return [
        polygon(
            Role.CREAM,
            (-0.7 * half, 0.0),
            (0.7 * half, 0.0),
            (0.95 * half, 0.4),
            (-0.95 * half, 0.4),
        ),
        box(Role.STONE, -1.12 * half, 0.36, 1.12 * half, 0.5, 0.04),
    ]


def window(x: float, y: float, width: float, height: float) -> Part:
    """A window around (x, y): buildings and vehicles have them."""
    return box(
        Role.GLASS, x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0, 0.03
    )


def door(x: float, width: float, height: float, bottom: float = 0.0) -> Part:
    """An arched door: every building has one."""
    half, straight = width / 2, bottom + 0.7 * height
    return blob_top(Role.INK, x, half, bottom, straight, bottom + height)


def blob_top(role: Role, x: float, half: float, bottom: float, straight: float, top: float) -> Part:
    """An upright shape with straight sides and a half ellipse as its top."""
    turns = np.linspace(0, np.pi, 2 * _CORNER_STEPS)
    arch = np.stack([x + half * np.cos(turns), straight + (top - straight) * np.sin(turns)], axis=1)
    foot = np.array([[x - half, bottom], [x + half, bottom]])
    return Part(role=role, outline=np.concatenate([arch, foot]))
