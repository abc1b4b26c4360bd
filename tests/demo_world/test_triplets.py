import numpy as np
import pytest

from alignet_ray.demo_world.categories import NUM_CATEGORIES, levels_shared
from alignet_ray.demo_world.triplets import sample_triplets
from alignet_ray.errors import ConfigError

CATEGORIES = np.arange(4 * NUM_CATEGORIES) % NUM_CATEGORIES


def test_triplets_are_different_and_of_three_objects() -> None:
    triplets = sample_triplets(CATEGORIES, 900, np.random.default_rng(0))
    rows = np.sort(triplets, axis=1)
    assert (np.diff(rows, axis=1) > 0).all()
    assert len(np.unique(rows, axis=0)) == 900


def test_every_level_is_asked_about() -> None:
    triplets = sample_triplets(CATEGORIES, 900, np.random.default_rng(1))
    members = CATEGORIES[triplets]
    shared = [levels_shared(members[:, i], members[:, j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    most = np.bincount(np.max(shared, axis=0), minlength=4) / 900
    assert (most > 0.1).all()


def test_images_stand_in_random_positions() -> None:
    triplets = sample_triplets(CATEGORIES, 900, np.random.default_rng(2))
    members = CATEGORIES[triplets]
    shared = np.stack([levels_shared(members[:, i], members[:, j]) for i, j in ((0, 1), (1, 2))])
    assert abs(float((shared[0] - shared[1]).mean())) < 0.2


def test_too_few_objects_are_refused() -> None:
    with pytest.raises(ConfigError, match="Ask for fewer triplets"):
        sample_triplets(CATEGORIES[:4], 5, np.random.default_rng(3))
