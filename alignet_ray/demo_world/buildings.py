"""Outlines of the buildings: all have a door.

Houses share a front with windows, towers a tapering shaft, temples steps and tiers.
"""

from __future__ import annotations

from alignet_ray.demo_world.outlines import (
    Part,
    Role,
    blob,
    box,
    disc,
    door,
    polygon,
    ribbon,
    window,
)
from alignet_ray.demo_world.scenes import Proportions


def cottage(p: Proportions) -> list[Part]:
    """Low, with a chimney."""
    half, eaves, ridge = 0.74 * p.length, 0.8 * p.height, 1.44 * p.height
    return [
        box(Role.STONE, 0.34, eaves + 0.1, 0.54, ridge + 0.04),
        box(Role.BODY, -half, 0.0, half, eaves + 0.04),
        polygon(
            Role.SHADE,
            (-half - 0.16, eaves),
            (half + 0.16, eaves),
            (half - 0.26, ridge),
            (-half + 0.26, ridge),
        ),
        door(0.0, 0.3, 0.56),
        *[window(x, 0.44, 0.26 * p.detail, 0.28) for x in (-0.46, 0.46)],
        box(Role.STONE, -half - 0.06, -0.02, half + 0.06, 0.06),
    ]


def townhouse(p: Proportions) -> list[Part]:
    """The house's plan, narrow and tall, with a stepped gable."""
    half, eaves = 0.52 * p.length, 1.3 * p.height
    steps = [
        (1.0, 0.0),
        (1.0, 0.12),
        (0.7, 0.12),
        (0.7, 0.28),
        (0.4, 0.28),
        (0.4, 0.44),
        (0.16, 0.44),
        (0.16, 0.54),
    ]
    right = [(half * 1.08 * x, eaves + y) for x, y in steps]
    gable = [*right, *[(-x, y) for x, y in reversed(right)]]
    return [
        box(Role.BODY, -half, 0.0, half, eaves + 0.02),
        polygon(Role.SHADE, *gable),
        disc(Role.GLASS, 0.0, eaves + 0.22, 0.1),
        *[
            window(x * half, y * eaves, 0.24 * p.detail, 0.24)
            for x in (-0.5, 0.5)
            for y in (0.82, 0.54)
        ],
        door(0.0, 0.28, 0.46),
        box(Role.STONE, -half - 0.06, -0.02, half + 0.06, 0.06),
    ]


def lighthouse(p: Proportions) -> list[Part]:
    """A tapering shaft with a lamp."""
    foot, neck, top = 0.42 * p.length, 0.25 * p.length, 1.32 * p.height
    return [
        polygon(Role.BODY, (-foot, 0.0), (foot, 0.0), (neck, top), (-neck, top)),
        box(Role.CREAM, -0.19, top, 0.19, top + 0.32),
        ribbon(Role.STONE, [(0.0, top), (0.0, top + 0.3)], 0.1, 0.1),
        box(Role.INK, -neck - 0.12, top - 0.03, neck + 0.12, top + 0.07, 0.03),
        blob(
            Role.SHADE,
            (-0.26, top + 0.3),
            (0.0, top + 0.56 * p.detail),
            (0.26, top + 0.3),
            (0.0, top + 0.28),
        ),
        disc(Role.SHADE, 0.0, top + 0.56 * p.detail, 0.05),
        door(0.0, 0.26, 0.44),
        *[window(0.0, y * top, 0.15, 0.19) for y in (0.55, 0.8)],
        box(Role.STONE, -foot - 0.1, -0.02, foot + 0.1, 0.07, 0.03),
    ]


def _sail(dx: float, dy: float, reach: float) -> list[Part]:
    """One sail of a mill whose arm points along the unit vector (dx, dy), relative to the hub."""
    inner, outer, side = 0.16, reach, 0.2

    def at(along: float, across: float) -> tuple[float, float]:
        return (along * dx - across * dy, along * dy + across * dx)

    return [
        polygon(Role.CREAM, at(inner, 0.0), at(outer, 0.0), at(outer, side), at(inner, side)),
        ribbon(Role.INK, [(0.0, 0.0), at(outer + 0.03, 0.0)], 0.055, 0.055),
    ]


def windmill(p: Proportions) -> list[Part]:
    """The tower's plan with sails."""
    foot, neck, top, reach = 0.46 * p.length, 0.28 * p.length, 1.2 * p.height, 0.74 * p.detail
    arms = [
        part
        for dx, dy in ((0.8, 0.6), (-0.6, 0.8), (-0.8, -0.6), (0.6, -0.8))
        for part in _sail(dx, dy, reach)
    ]
    hub = (0.0, top + 0.06)
    return [
        polygon(Role.BODY, (-foot, 0.0), (foot, 0.0), (neck, top), (-neck, top)),
        blob(
            Role.SHADE,
            (-neck - 0.05, top - 0.02),
            (-0.7 * neck, top + 0.26),
            (0.7 * neck, top + 0.26),
            (neck + 0.05, top - 0.02),
        ),
        door(0.0, 0.26, 0.44),
        window(0.0, 0.52 * top, 0.16, 0.19),
        box(Role.STONE, -foot - 0.1, -0.02, foot + 0.1, 0.07, 0.03),
        *[Part(role=part.role, outline=part.outline + hub) for part in arms],
        disc(Role.INK, *hub, 0.08),
    ]


def _steps(half: float) -> list[Part]:
    """The two steps that both temples stand on, 0.2 high."""
    return [
        box(Role.STONE, -half - 0.1, 0.0, half + 0.1, 0.1),
        box(Role.SHADE, -half, 0.1, half, 0.2),
    ]


def portico(p: Proportions) -> list[Part]:
    """Columns under a pediment."""
    half, beam, peak = 0.84 * p.length, 0.98 * p.height, 1.5 * p.height
    columns = [-half + 0.16 + k * (2 * half - 0.32) / 3 for k in range(4)]
    return [
        *_steps(half),
        box(Role.SHADE, -half + 0.1, 0.2, half - 0.1, beam),
        door(0.0, 0.3, 0.56, 0.2),
        *[box(Role.BODY, x - 0.11, 0.2, x + 0.11, beam, 0.03) for x in columns],
        *[
            box(Role.LIGHT, x - 0.14, y, x + 0.14, y + 0.08)
            for x in columns
            for y in (0.2, beam - 0.08)
        ],
        box(Role.BODY, -half, beam, half, beam + 0.14),
        polygon(Role.BODY, (-half - 0.08, beam + 0.14), (half + 0.08, beam + 0.14), (0.0, peak)),
        disc(Role.CREAM, 0.0, beam + 0.27, 0.09 * p.detail),
    ]


def _curved_roof(y: float, half: float, tall: float) -> Part:
    """A roof whose corners point up."""
    return polygon(
        Role.SHADE,
        (-half - 0.06, y + 0.13),
        (-half + 0.12, y),
        (half - 0.12, y),
        (half + 0.06, y + 0.13),
        (0.62 * half, y + 0.13),
        (0.4 * half, y + tall),
        (-0.4 * half, y + tall),
        (-0.62 * half, y + 0.13),
    )


def pagoda(p: Proportions) -> list[Part]:
    """The temple's plan in three storeys of curved roofs."""
    half, storey = 0.76 * p.length, 0.47 * p.height
    parts = _steps(half)
    for k, width in enumerate((0.78, 0.6, 0.42)):
        floor = 0.2 + k * storey
        parts.append(box(Role.BODY, -width * half, floor, width * half, floor + storey))
        parts.extend(
            window(side * 0.6 * width * half, floor + 0.18, 0.12, 0.18) for side in (-1, 1)
        )
        parts.append(_curved_roof(floor + 0.58 * storey, (width + 0.26) * half, 0.48 * storey))
    top = 0.2 + 3 * storey
    return [
        *parts,
        door(0.0, 0.26, 0.27, 0.2),
        ribbon(Role.INK, [(0.0, top - 0.04), (0.0, top + 0.2 * p.detail)], 0.07, 0.04),
    ]
