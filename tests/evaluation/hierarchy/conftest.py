"""Models with vectors of images that have places in a small hierarchy."""

import numpy as np
import pytest

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.evaluation.references import EvaluatedModel
from alignet_ray.evaluation.representations import InMemory, Represented

NUM_IMAGES = 48


@pytest.fixture(scope="session")
def represented():
    def make(label, variant, vectors):
        model = EvaluatedModel(label=label, variant=variant, backbone=BackboneConfig())
        return Represented(model=model, backbone=None, source=InMemory(vectors))

    return make


@pytest.fixture(scope="session")
def categories():
    """48 images of 12 classes, 6 basic and 3 superordinate categories."""
    classes = np.arange(NUM_IMAGES) % 12
    return np.stack([classes, classes // 2, classes // 4], axis=1)


@pytest.fixture(scope="session")
def vectors(categories):
    """Before: noise. After: superordinate categories apart, basic ones a little."""
    random = np.random.default_rng(0)
    before = random.normal(size=(NUM_IMAGES, 6))
    centres = random.normal(size=(3, 6)) * 3
    own = random.normal(size=(6, 6))
    return before, before + centres[categories[:, 2]] + own[categories[:, 1]]
