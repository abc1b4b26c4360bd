"""Outlines of the animals: all have an eye that looks ahead.

Dogs share four legs, an ear and a muzzle; birds a bill and a wing; fish fins and a tail.
"""

from __future__ import annotations

from alignet_ray.demo_world.outlines import (
    Part,
    Role,
    blob,
    disc,
    ellipse,
    eye,
    fluff,
    polygon,
    ribbon,
)
from alignet_ray.demo_world.scenes import Proportions


def _leg(role: Role, x: float, top: float, width: float) -> Part:
    """A straight leg that ends in a rounded paw."""
    return ribbon(role, [(x, top), (x, width / 2.0)], width, width)


def dachshund(p: Proportions) -> list[Part]:
    """Long and low."""
    back, head = 0.78 * p.length, 1.0 * p.height
    return [
        ribbon(
            Role.BODY, [(-back + 0.05, 0.65), (-back - 0.14, 0.85), (-back - 0.16, 1.1)], 0.14, 0.05
        ),
        *[_leg(Role.SHADE, x, 0.5, 0.17) for x in (-back + 0.3, back - 0.42)],
        *[_leg(Role.BODY, x, 0.5, 0.17) for x in (-back + 0.1, back - 0.2)],
        blob(
            Role.BODY,
            (-back, 0.5),
            (-back, 0.82),
            (0.0, 0.82),
            (back - 0.05, 0.86),
            (back - 0.05, 0.5),
            (0.0, 0.42),
        ),
        ribbon(Role.BODY, [(back - 0.3, 0.7), (back - 0.12, head)], 0.42, 0.34),
        ellipse(Role.BODY, back - 0.06, head + 0.05, 0.24, 0.2),
        ellipse(Role.BODY, back + 0.16, head - 0.02, 0.22, 0.11, -8.0),
        disc(Role.INK, back + 0.36, head - 0.0, 0.065),
        ellipse(Role.SHADE, back - 0.2, head - 0.06, 0.11, 0.26 * p.detail, -12.0),
        *eye(back + 0.02, head + 0.11, 0.075),
    ]


def poodle(p: Proportions) -> list[Part]:
    """The dog's plan, tall and with pompoms."""
    back, hip, curl = 0.5 * p.length, 0.8 * p.height, 0.17 * p.detail
    head_x, head_y = back + 0.12, hip + 0.6
    return [
        ribbon(Role.BODY, [(-back, hip), (-back - 0.24, hip + 0.34)], 0.09, 0.07),
        fluff(Role.LIGHT, -back - 0.27, hip + 0.42, curl, curl, 8),
        *[_leg(Role.SHADE, x, hip, 0.12) for x in (-back + 0.24, back - 0.22)],
        *[_leg(Role.BODY, x, hip, 0.12) for x in (-back + 0.06, back - 0.02)],
        *[
            fluff(Role.LIGHT, x, 0.2, 0.8 * curl, curl, 7)
            for x in (-back + 0.22, -back + 0.04, back - 0.22, back)
        ],
        ellipse(Role.BODY, 0.0, hip, back + 0.08, 0.26),
        ribbon(Role.BODY, [(back - 0.2, hip + 0.1), (head_x - 0.06, head_y)], 0.36, 0.24),
        fluff(Role.BODY, back - 0.14, hip + 0.1, 0.34, 0.34, 10),
        disc(Role.BODY, head_x, head_y, 0.2),
        ellipse(Role.BODY, head_x + 0.22, head_y - 0.06, 0.22, 0.09, -6.0),
        disc(Role.INK, head_x + 0.43, head_y - 0.06, 0.06),
        fluff(Role.LIGHT, head_x - 0.04, head_y + 0.22, 0.2, 0.18, 8),
        fluff(Role.SHADE, head_x - 0.15, head_y - 0.06, 0.13, 0.22 * p.detail, 8),
        *eye(head_x + 0.1, head_y + 0.05, 0.07),
    ]


def duck(p: Proportions) -> list[Part]:
    """A plump body on short legs."""
    body, head_y = 0.62 * p.length, 1.28 * p.height
    return [
        *[
            ribbon(Role.INK, [(x, 0.4), (x, 0.06), (x + 0.16, 0.04)], 0.07, 0.06)
            for x in (-0.1, 0.16)
        ],
        polygon(Role.BODY, (-body + 0.1, 0.5), (-body - 0.34, 1.0), (-body + 0.3, 0.86)),
        ellipse(Role.BODY, 0.0, 0.62, body + 0.04, 0.36, 4.0),
        ribbon(
            Role.BODY, [(body - 0.34, 0.66), (body - 0.12, 0.95), (body - 0.14, head_y)], 0.5, 0.3
        ),
        blob(
            Role.INK,
            (body, head_y + 0.06),
            (body + 0.36, head_y - 0.04),
            (body + 0.34, head_y - 0.11),
            (body, head_y - 0.12),
        ),
        disc(Role.BODY, body - 0.1, head_y, 0.25),
        blob(
            Role.SHADE, (-body + 0.02, 0.76), (0.1, 0.86), (0.3, 0.66), (0.08, 0.46), (-0.24, 0.5)
        ),
        *eye(body + 0.0, head_y + 0.07, 0.08),
    ]


def flamingo(p: Proportions) -> list[Part]:
    """The bird's plan on stilts, with a neck like an S."""
    hip, body, crown = 0.86 * p.height, 0.44 * p.length, 1.62 * p.height
    return [
        ribbon(Role.INK, [(-0.12, hip), (-0.12, 0.05), (0.04, 0.04)], 0.06, 0.06),
        ribbon(Role.INK, [(0.02, hip), (0.24, 0.5), (0.0, 0.42)], 0.06, 0.05),
        polygon(
            Role.BODY, (-body, hip - 0.02), (-body - 0.34, hip + 0.06), (-body + 0.2, hip + 0.28)
        ),
        ellipse(Role.BODY, -0.06, hip + 0.1, body + 0.06, 0.27, 8.0),
        ribbon(
            Role.BODY,
            [
                (body - 0.2, hip + 0.1),
                (body + 0.14, hip + 0.3),
                (body - 0.1, hip + 0.56),
                (body + 0.06, crown),
            ],
            0.24,
            0.15,
        ),
        blob(
            Role.INK,
            (body + 0.2, crown + 0.06),
            (body + 0.42, crown - 0.1),
            (body + 0.38, crown - 0.26),
            (body + 0.22, crown - 0.09),
        ),
        ellipse(Role.BODY, body + 0.12, crown, 0.18, 0.15),
        blob(
            Role.SHADE,
            (-body - 0.04, hip + 0.2),
            (0.0, hip + 0.28),
            (0.2, hip + 0.12),
            (0.0, hip - 0.04),
        ),
        *eye(body + 0.15, crown + 0.04, 0.065 * p.detail),
    ]


def goldfish(p: Proportions) -> list[Part]:
    """Round, with a flowing tail."""
    body, tall, y = 0.52 * p.length, 0.46 * p.height, 0.92
    return [
        blob(
            Role.SHADE,
            (-body + 0.1, y),
            (-body - 0.42, y + 0.46 * p.detail),
            (-body - 0.26, y + 0.04),
            (-body - 0.46, y - 0.44 * p.detail),
        ),
        blob(
            Role.SHADE,
            (-0.34, y + 0.7 * tall),
            (-0.28, y + tall + 0.32),
            (0.14, y + tall + 0.14),
            (0.28, y + 0.6 * tall),
        ),
        blob(Role.SHADE, (-0.16, y - 0.7 * tall), (-0.3, y - tall - 0.24), (0.06, y - tall - 0.06)),
        ellipse(Role.BODY, 0.08, y, body, tall),
        blob(Role.LIGHT, (0.06, y - 0.06), (-0.24, y - 0.12), (-0.14, y - 0.3)),
        ribbon(Role.INK, [(body + 0.06, y - 0.1), (body - 0.06, y - 0.13)], 0.05, 0.05),
        *eye(body - 0.16, y + 0.1, 0.11),
    ]


def shark(p: Proportions) -> list[Part]:
    """The fish's plan, drawn long, with a fin that everybody knows."""
    body, y, fin = 0.9 * p.length, 0.86, 0.44 * p.detail
    return [
        polygon(
            Role.SHADE,
            (-body + 0.16, y),
            (-body - 0.16, y + 0.56),
            (-body + 0.04, y + 0.1),
            (-body - 0.12, y - 0.36),
        ),
        blob(
            Role.SHADE,
            (-0.2, y + 0.24),
            (-0.16, y + 0.3 + fin),
            (-0.04, y + 0.32 + fin),
            (0.24, y + 0.26),
        ),
        blob(
            Role.BODY,
            (body + 0.08, y + 0.06),
            (0.4, y + 0.32 * p.height),
            (-0.2, y + 0.28 * p.height),
            (-body + 0.02, y + 0.07),
            (-body + 0.02, y - 0.05),
            (-0.2, y - 0.24 * p.height),
            (0.5, y - 0.24 * p.height),
        ),
        blob(
            Role.CREAM,
            (body - 0.06, y - 0.06),
            (0.46, y - 0.24 * p.height),
            (-0.2, y - 0.25 * p.height),
            (-0.5, y - 0.12),
            (0.3, y - 0.11),
        ),
        blob(Role.SHADE, (0.24, y - 0.08), (-0.04, y - 0.46), (-0.12, y - 0.42), (0.0, y - 0.08)),
        *[
            ribbon(Role.SHADE, [(x, y + 0.12), (x - 0.03, y - 0.08)], 0.04, 0.04)
            for x in (0.3, 0.4)
        ],
        *eye(body - 0.26, y + 0.12, 0.085),
    ]
