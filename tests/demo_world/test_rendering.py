from dataclasses import replace

import numpy as np
import pytest

from alignet_ray.demo_world.categories import NUM_CATEGORIES
from alignet_ray.demo_world.rendering import render
from alignet_ray.demo_world.scenes import SURFACE_CARDINALITIES, Scene, sample_scenes

SIZE = 48
PLAIN = Scene(category=0, colour=0, texture=0, size=1, background=0)


def as_array(scene: Scene) -> np.ndarray:
    return np.asarray(render(scene, SIZE)).astype(int)


def test_the_same_scene_is_the_same_picture() -> None:
    for scene in sample_scenes(24, 0):
        assert render(scene, SIZE).tobytes() == render(scene, SIZE).tobytes()


@pytest.mark.parametrize("size", [32, 96, 113])
def test_pictures_are_square_and_rgb(size: int) -> None:
    picture = render(PLAIN, size)
    assert picture.size == (size, size)
    assert picture.mode == "RGB"


def test_every_category_looks_different() -> None:
    pictures = [as_array(replace(PLAIN, category=k)) for k in range(NUM_CATEGORIES)]
    for i, first in enumerate(pictures):
        for second in pictures[:i]:
            assert np.abs(first - second).mean() > 1


@pytest.mark.parametrize("attribute", SURFACE_CARDINALITIES)
def test_every_surface_value_looks_different(attribute: str) -> None:
    values = range(SURFACE_CARDINALITIES[attribute])
    pictures = [as_array(replace(PLAIN, **{attribute: value})) for value in values]
    for i, first in enumerate(pictures):
        for second in pictures[:i]:
            assert np.abs(first - second).mean() > 1


@pytest.mark.parametrize(
    "change", [{"x": 1.0}, {"angle_degrees": 6.0}, {"is_mirrored": True}, {"backdrop_shift": 0.5}]
)
def test_nuisances_show(change: dict[str, float]) -> None:
    assert np.abs(as_array(replace(PLAIN, **change)) - as_array(PLAIN)).mean() > 0.5
