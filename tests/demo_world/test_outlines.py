import numpy as np
import pytest

from alignet_ray.demo_world.outlines import Outline, Role, blob, box, disc, ellipse, ribbon


def area(outline: Outline) -> float:
    x, y = outline.T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def test_areas_are_those_of_geometry() -> None:
    assert area(disc(Role.BODY, 1.0, 2.0, 0.5).outline) == pytest.approx(np.pi / 4, rel=0.02)
    assert area(ellipse(Role.BODY, 0.0, 0.0, 2.0, 1.0, 30.0).outline) == pytest.approx(
        2 * np.pi, rel=0.02
    )
    assert area(box(Role.BODY, 0.0, 0.0, 2.0, 1.0).outline) == pytest.approx(2)
    rounded = 2 - (4 - np.pi) * 0.2**2
    assert area(box(Role.BODY, 0.0, 0.0, 2.0, 1.0, 0.2).outline) == pytest.approx(rounded, rel=0.02)


def test_a_straight_ribbon_is_a_strip_with_one_round_end() -> None:
    strip = area(ribbon(Role.BODY, [(0.0, 0.0), (3.0, 0.0)], 0.4, 0.4).outline)
    assert strip == pytest.approx(3 * 0.4 + np.pi * 0.2**2 / 2, rel=0.02)


def test_a_blob_passes_through_its_points() -> None:
    points = [(0.0, 0.0), (1.0, 0.2), (1.2, 1.0), (-0.2, 0.9)]
    outline = blob(Role.BODY, *points).outline
    for point in points:
        assert np.hypot(*(outline - point).T).min() < 1e-9
