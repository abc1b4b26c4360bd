"""Outlines of the plants: all grow from a pot.

Trees share a trunk, flowers a stem with two leaves, cacti their spines.
"""

from __future__ import annotations

import numpy as np

from alignet_ray.demo_world.outlines import (
    Part,
    Role,
    blob,
    disc,
    ellipse,
    fluff,
    polygon,
    pot,
    ribbon,
)
from alignet_ray.demo_world.scenes import Proportions

_NUM_PETALS = 10
_POT_TOP = 0.46


def _trunk(top: float) -> Part:
    """The trunk that both trees share."""
    return ribbon(Role.INK, [(0.0, 0.3), (0.0, top)], 0.2, 0.13)


def fir(p: Proportions) -> list[Part]:
    """Three tiers of branches."""
    tiers = [(0.6, 0.74, 0.6), (0.92, 0.58, 0.52), (1.22, 0.42, 0.48)]
    boughs = [
        polygon(
            Role.BODY,
            (-width * p.length, bottom * p.height),
            (-0.4 * width * p.length, (bottom + 0.05) * p.height),
            (0.0, (bottom - 0.03) * p.height),
            (0.4 * width * p.length, (bottom + 0.05) * p.height),
            (width * p.length, bottom * p.height),
            (0.0, (bottom + tall) * p.height),
        )
        for bottom, width, tall in tiers
    ]
    return [_trunk(0.8), *boughs, disc(Role.CREAM, 0.0, 1.7 * p.height, 0.07 * p.detail), *pot()]


def oak(p: Proportions) -> list[Part]:
    """A round crown."""
    y, rx, ry = 1.3 * p.height, 0.62 * p.length, 0.5 * p.height
    return [
        _trunk(1.2),
        ribbon(Role.INK, [(0.0, 0.7), (0.26, 1.0)], 0.09, 0.06),
        fluff(Role.BODY, 0.0, y, rx, ry, 9),
        *[
            disc(Role.SHADE, x, y + dy, 0.07 * p.detail)
            for x, dy in ((-0.3, 0.1), (0.1, 0.26), (0.32, -0.08), (-0.08, -0.2))
        ],
        *pot(),
    ]


def _stem(top: float) -> list[Part]:
    """The stem and the two leaves that both flowers share."""
    return [
        ribbon(Role.SHADE, [(0.0, 0.4), (0.03, 0.8), (0.0, top)], 0.09, 0.07),
        blob(Role.SHADE, (0.0, 0.52), (0.22, 0.82), (0.52, 0.94), (0.34, 0.62)),
        blob(Role.SHADE, (0.0, 0.5), (-0.2, 0.74), (-0.5, 0.82), (-0.32, 0.54)),
    ]


def daisy(p: Proportions) -> list[Part]:
    """Petals around a heart."""
    y, reach = 1.34 * p.height, 0.3 * p.length
    angles = np.arange(_NUM_PETALS) * 360 / _NUM_PETALS
    petals = [
        ellipse(
            Role.BODY,
            reach * np.cos(np.deg2rad(a)),
            y + reach * np.sin(np.deg2rad(a)),
            0.22,
            0.125,
            a,
        )
        for a in angles.tolist()
    ]
    return [
        *_stem(y),
        *petals,
        disc(Role.CREAM, 0.0, y, 0.2 * p.detail),
        disc(Role.STONE, 0.0, y, 0.11 * p.detail),
        *pot(),
    ]


def tulip(p: Proportions) -> list[Part]:
    """A cup of three petals."""
    y, half, tall = 1.02 * p.height, 0.42 * p.length, 0.7 * p.height
    return [
        *_stem(y + 0.1),
        blob(
            Role.SHADE,
            (0.0, y),
            (-0.7 * half, y + 0.5 * tall),
            (0.0, y + tall + 0.04),
            (0.7 * half, y + 0.5 * tall),
        ),
        blob(
            Role.BODY,
            (0.06, y),
            (-0.8 * half, y + 0.16),
            (-1.05 * half, y + 0.55 * tall),
            (-0.86 * half, y + tall),
            (-0.3 * half, y + 0.66 * tall),
        ),
        blob(
            Role.BODY,
            (-0.06, y),
            (0.8 * half, y + 0.16),
            (1.05 * half, y + 0.55 * tall),
            (0.86 * half, y + tall),
            (0.3 * half, y + 0.66 * tall),
        ),
        blob(
            Role.BODY,
            (0.0, y - 0.02),
            (-0.56 * half, y + 0.3 * tall),
            (0.0, y + 0.8 * tall * p.detail),
            (0.56 * half, y + 0.3 * tall),
        ),
        *pot(),
    ]


def _spine(x: float, y: float) -> Part:
    """One of the little stars that both cacti wear."""
    return polygon(
        Role.CREAM,
        (x - 0.05, y - 0.02),
        (x, y - 0.02),
        (x, y - 0.06),
        (x + 0.02, y),
        (x + 0.05, y + 0.04),
        (x, y + 0.03),
        (x - 0.04, y + 0.05),
    )


def saguaro(p: Proportions) -> list[Part]:
    """A column with raised arms."""
    top, reach = 1.58 * p.height, 0.5 * p.length
    return [
        ribbon(
            Role.BODY,
            [(-0.06, 0.86), (-reach + 0.06, 0.86), (-reach, 1.0), (-reach, 1.24 * p.detail)],
            0.22,
            0.22,
        ),
        ribbon(
            Role.BODY,
            [(0.06, 1.06), (reach - 0.06, 1.06), (reach, 1.2), (reach, 1.36 * p.detail)],
            0.22,
            0.22,
        ),
        ribbon(Role.BODY, [(0.0, _POT_TOP), (0.0, top - 0.17)], 0.36, 0.36),
        *[ribbon(Role.SHADE, [(x, _POT_TOP), (x, top - 0.2)], 0.03, 0.03) for x in (-0.08, 0.08)],
        *[
            _spine(x, y)
            for x, y in ((0.0, 0.8), (0.0, 1.2), (0.0, 1.4), (-reach, 1.12), (reach, 1.25))
        ],
        fluff(Role.LIGHT, 0.0, top + 0.02, 0.12, 0.1, 6),
        *pot(),
    ]


def prickly_pear(p: Proportions) -> list[Part]:
    """The cactus's plan in paddles."""
    rx, ry = 0.32 * p.length, 0.4 * p.height
    return [
        ellipse(Role.BODY, -0.42, 1.2 * p.height, 0.74 * rx, 0.8 * ry, 28.0),
        ellipse(Role.BODY, 0.44, 1.14 * p.height, 0.66 * rx, 0.74 * ry, -34.0),
        ellipse(Role.BODY, 0.04, 1.4 * p.height, 0.66 * rx, 0.74 * ry, -6.0),
        ellipse(Role.BODY, 0.0, 0.84, rx, ry + 0.04),
        *[
            _spine(x, y)
            for x, y in (
                (-0.1, 0.7),
                (0.12, 0.84),
                (-0.08, 1.0),
                (-0.42, 1.22),
                (0.44, 1.16),
                (0.05, 1.44),
            )
        ],
        *[
            fluff(Role.LIGHT, x, y * p.height, 0.1 * p.detail, 0.09 * p.detail, 6)
            for x, y in ((-0.56, 1.48), (0.62, 1.37), (0.08, 1.7))
        ],
        *pot(),
    ]
