"""A tiny backbone with random weights, and pixels for any backbone."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.models.backbones import Backbone, load_backbone


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tiny():
    torch.manual_seed(0)
    return load_backbone(BackboneConfig(name="test_vit", random_init=True))


@pytest.fixture
def pixels_of() -> Callable[..., torch.Tensor]:
    def make(backbone: Backbone, batch: int = 2) -> torch.Tensor:
        side = backbone.resolved.preprocessing.resolution
        random = np.random.default_rng(0)
        return torch.from_numpy(random.integers(0, 256, (batch, side, side, 3), dtype=np.uint8))

    return make
