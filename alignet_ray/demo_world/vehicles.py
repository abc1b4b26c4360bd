"""Outlines of the vehicles: all roll on wheels.

Cars share a low body, trucks a cab and a chassis, trains a rail and a row of small wheels.
"""

from __future__ import annotations

from alignet_ray.demo_world.outlines import (
    Part,
    Role,
    blob,
    box,
    disc,
    ellipse,
    polygon,
    ribbon,
    wheel,
    window,
)
from alignet_ray.demo_world.scenes import Proportions

_CAR_WHEEL = 0.24
_TRAIN_WHEEL = 0.16


def beetle(p: Proportions) -> list[Part]:
    """All curves."""
    half, top = 0.92 * p.length, 1.1 * p.height
    return [
        blob(
            Role.BODY,
            (-half, 0.3),
            (-half + 0.06, 0.56),
            (-0.56, 0.86),
            (-0.1, top),
            (0.3, top - 0.14),
            (0.52, 0.7),
            (half - 0.04, 0.58),
            (half, 0.3),
            (0.0, 0.2),
        ),
        blob(Role.GLASS, (-0.5, 0.7), (-0.34, 0.9), (-0.1, top - 0.12), (-0.06, 0.7)),
        blob(Role.GLASS, (0.04, 0.7), (0.04, top - 0.12), (0.26, top - 0.22), (0.4, 0.7)),
        *[
            blob(Role.SHADE, (x - 0.36, 0.22), (x - 0.2, 0.5), (x + 0.2, 0.5), (x + 0.36, 0.22))
            for x in (-0.55, 0.55)
        ],
        ribbon(Role.STONE, [(-0.2, 0.25), (0.2, 0.25)], 0.08, 0.08),
        disc(Role.CREAM, half - 0.06, 0.47, 0.08),
        *wheel(-0.55, _CAR_WHEEL * p.detail),
        *wheel(0.55, _CAR_WHEEL * p.detail),
    ]


def pickup(p: Proportions) -> list[Part]:
    """The car's plan with an open bed."""
    half, top = 0.96 * p.length, 1.08 * p.height
    return [
        box(Role.SHADE, -half + 0.06, 0.6, -0.1, 0.72),
        box(Role.BODY, -half, 0.24, half, 0.66, 0.08),
        polygon(Role.BODY, (-0.2, 0.6), (-0.14, top), (0.34, top), (0.56, 0.64)),
        polygon(Role.GLASS, (0.1, 0.68), (0.1, top - 0.1), (0.28, top - 0.1), (0.43, 0.68)),
        window(-0.02, (0.6 + top) / 2.0 + 0.02, 0.16, top - 0.76),
        box(Role.STONE, -half - 0.03, 0.24, half + 0.03, 0.32, 0.03),
        ribbon(Role.SHADE, [(0.0, 0.54), (0.1, 0.54)], 0.05, 0.05),
        disc(Role.CREAM, half - 0.06, 0.5, 0.08),
        *wheel(-0.55, _CAR_WHEEL * p.detail),
        *wheel(0.58, _CAR_WHEEL * p.detail),
    ]


def _cab(right: float, top: float) -> list[Part]:
    """The cab that both trucks share, 0.5 long."""
    return [
        box(Role.SHADE, right - 0.5, 0.26, right, top, 0.08),
        box(Role.SHADE, right - 0.5, 0.26, right + 0.04, 0.62, 0.05),
        box(Role.GLASS, right - 0.3, 0.74, right - 0.04, top - 0.1, 0.04),
        disc(Role.CREAM, right - 0.02, 0.46, 0.07),
    ]


def _chassis(left: float, right: float, radius: float) -> list[Part]:
    """The frame and the three wheels that both trucks share."""
    frame = box(Role.STONE, left, 0.22, right, 0.34, 0.03)
    return [
        frame,
        *[part for x in (left + 0.24, left + 0.68, right - 0.26) for part in wheel(x, radius)],
    ]


def lorry(p: Proportions) -> list[Part]:
    """A cab with a box behind."""
    half, top = 0.98 * p.length, 1.42 * p.height
    return [
        *_cab(half, 1.12 * p.height),
        box(Role.BODY, -half, 0.34, half - 0.54, top, 0.06),
        box(Role.SHADE, -half, top - 0.1, half - 0.54, top, 0.04),
        *_chassis(-half, half, 0.21 * p.detail),
    ]


def tanker(p: Proportions) -> list[Part]:
    """The truck's plan with a barrel behind."""
    half, tall = 0.98 * p.length, 0.4 * p.height
    middle, y = -0.27, 0.36 + tall
    return [
        *_cab(half, 1.12 * p.height),
        *[
            box(
                Role.STONE,
                middle + x - 0.08,
                y + tall - 0.06,
                middle + x + 0.08,
                y + tall + 0.08,
                0.03,
            )
            for x in (-0.3, 0.2)
        ],
        box(Role.BODY, -half, y - tall, half - 0.54, y + tall, 0.98 * tall),
        *[
            ribbon(Role.SHADE, [(x, y - 0.96 * tall), (x, y + 0.96 * tall)], 0.06, 0.06)
            for x in (middle - 0.25, middle + 0.25)
        ],
        *_chassis(-half, half, 0.21 * p.detail),
    ]


def _rolling_stock(half: float, num_wheels: int) -> list[Part]:
    """The rail and the row of small wheels that both trains share."""
    step = 2 * (half - 0.2) / (num_wheels - 1)
    wheels = [
        part for k in range(num_wheels) for part in wheel(-half + 0.2 + k * step, _TRAIN_WHEEL)
    ]
    return [box(Role.STONE, -half - 0.06, -0.02, half + 0.06, 0.05), *wheels]


def locomotive(p: Proportions) -> list[Part]:
    """Boiler, chimney and cab."""
    half, top = 0.92 * p.length, 1.36 * p.height
    return [
        *[
            disc(Role.CREAM, x, y, r)
            for x, y, r in (
                (0.4, top + 0.22, 0.12),
                (0.16, top + 0.3, 0.15),
                (-0.14, top + 0.32, 0.18),
            )
        ],
        polygon(
            Role.INK,
            (half - 0.4, 0.9),
            (half - 0.2, 0.9),
            (half - 0.14, top + 0.1),
            (half - 0.46, top + 0.1),
        ),
        ellipse(Role.SHADE, 0.04, 0.98, 0.15, 0.16),
        box(Role.BODY, -0.3, 0.36, half - 0.04, 0.96, 0.12),
        *[ribbon(Role.SHADE, [(x, 0.38), (x, 0.94)], 0.05, 0.05) for x in (0.12, 0.44)],
        box(Role.BODY, -half, 0.3, -0.26, top, 0.05),
        box(Role.SHADE, -half - 0.08, top - 0.04, -0.16, top + 0.08, 0.05),
        window((-half - 0.26) / 2.0, top - 0.26, 0.34, 0.28),
        polygon(Role.INK, (half - 0.14, 0.36), (half + 0.14, 0.06), (half - 0.2, 0.06)),
        disc(Role.CREAM, half - 0.06, 0.76, 0.08 * p.detail),
        box(Role.SHADE, -half, 0.26, half - 0.1, 0.38, 0.03),
        *_rolling_stock(half - 0.08, 4),
    ]


def tram(p: Proportions) -> list[Part]:
    """A long car with a row of windows under a wire."""
    half, top = 0.96 * p.length, 1.2 * p.height
    panes = [-half + 0.24 + k * (2 * half - 0.48) / 4 for k in range(5)]
    return [
        ribbon(Role.INK, [(-0.2, top), (0.06, top + 0.2), (-0.16, top + 0.4)], 0.05, 0.05),
        ribbon(Role.INK, [(-0.4, top + 0.41), (0.1, top + 0.41)], 0.05, 0.05),
        box(Role.SHADE, -half + 0.1, top - 0.1, half - 0.1, top + 0.08, 0.06),
        box(Role.BODY, -half, 0.24, half, top, 0.14),
        *[window(x, top - 0.3, 0.27, 0.32 * p.detail) for x in panes],
        box(Role.LIGHT, -half, 0.52, half, 0.6),
        disc(Role.CREAM, half - 0.1, 0.42, 0.07),
        box(Role.SHADE, -half + 0.04, 0.22, half - 0.04, 0.3, 0.03),
        *_rolling_stock(half - 0.04, 5),
    ]
