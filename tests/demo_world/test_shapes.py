import numpy as np
import pytest

from alignet_ray.demo_world.categories import CATEGORIES, NUM_CATEGORIES
from alignet_ray.demo_world.outlines import Role
from alignet_ray.demo_world.scenes import PROPORTION_SPREAD, Proportions
from alignet_ray.demo_world.shapes import BUILDERS, build_shape

EXTREMES = (1 - PROPORTION_SPREAD, 1 + PROPORTION_SPREAD)
FRAME_WIDTH, FRAME_HEIGHT = 1.3, 2.2


def test_every_category_has_an_outline_and_no_outline_lacks_a_category() -> None:
    assert set(BUILDERS) == {category.subordinate for category in CATEGORIES}


@pytest.mark.parametrize("category", range(NUM_CATEGORIES))
@pytest.mark.parametrize("factor", EXTREMES)
def test_shapes_stay_in_their_frame_and_wear_the_texture(category: int, factor: float) -> None:
    parts = build_shape(category, Proportions(length=factor, height=factor, detail=factor))
    points = np.concatenate([part.outline for part in parts])
    assert np.isfinite(points).all()
    assert np.abs(points[:, 0]).max() < FRAME_WIDTH
    assert points[:, 1].min() > -0.1
    assert points[:, 1].max() < FRAME_HEIGHT
    assert Role.BODY in {part.role for part in parts}
