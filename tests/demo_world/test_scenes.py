from collections import Counter

import numpy as np
import pytest

from alignet_ray.demo_world.categories import NUM_CATEGORIES
from alignet_ray.demo_world.scenes import SURFACE_CARDINALITIES, sample_scenes
from alignet_ray.errors import ConfigError

NUM_SCENES = 2400
LARGEST_Z = 4.0


@pytest.mark.parametrize("attribute", SURFACE_CARDINALITIES)
def test_surface_is_independent_of_category(attribute: str) -> None:
    counts = np.zeros((NUM_CATEGORIES, SURFACE_CARDINALITIES[attribute]))
    for scene in sample_scenes(NUM_SCENES, 0):
        counts[scene.category, scene.surface()[attribute]] += 1
    expected = counts.sum(1, keepdims=True) * counts.sum(0, keepdims=True) / NUM_SCENES
    chi_square = ((counts - expected) ** 2 / expected).sum()
    freedom = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    assert abs(chi_square - freedom) < LARGEST_Z * np.sqrt(2 * freedom)


@pytest.mark.parametrize("attribute", SURFACE_CARDINALITIES)
def test_surface_is_uniform(attribute: str) -> None:
    counts = np.bincount([scene.surface()[attribute] for scene in sample_scenes(NUM_SCENES, 1)])
    expected = NUM_SCENES / SURFACE_CARDINALITIES[attribute]
    assert len(counts) == SURFACE_CARDINALITIES[attribute]
    assert (np.abs(counts - expected) < LARGEST_Z * np.sqrt(expected)).all()


def test_surface_attributes_are_independent_of_each_other() -> None:
    values = np.array([list(s.surface().values()) for s in sample_scenes(NUM_SCENES, 2)])
    correlations = np.corrcoef(values.T)[np.triu_indices(values.shape[1], 1)]
    assert (np.abs(correlations) < LARGEST_Z / np.sqrt(NUM_SCENES)).all()


@pytest.mark.parametrize("num_scenes", [1, 24, 100])
def test_categories_are_balanced(num_scenes: int) -> None:
    counts = Counter(scene.category for scene in sample_scenes(num_scenes, 3))
    every = [counts[category] for category in range(NUM_CATEGORIES)]
    assert sum(every) == num_scenes
    assert max(every) - min(every) <= 1


def test_the_seed_decides() -> None:
    assert sample_scenes(50, [4, 1]) == sample_scenes(50, [4, 1])
    assert sample_scenes(50, [4, 1]) != sample_scenes(50, [4, 2])


def test_no_scenes_are_refused() -> None:
    with pytest.raises(ConfigError, match="num_scenes = 0"):
        sample_scenes(0, 0)
