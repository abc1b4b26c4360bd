"""Towers that open_clip names."""

import pytest
import torch

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.errors import InputError
from alignet_ray.models.backbones import load_backbone


def test_an_unknown_open_clip_name_suggests_near_ones():
    with pytest.raises(InputError, match=r"no model named 'ViT-B-33'.*ViT-B-32"):
        load_backbone(BackboneConfig(name="open_clip:ViT-B-33", random_init=True))


@torch.no_grad()
@pytest.mark.slow
def test_an_open_clip_tower_gives_its_projection_without_normalisation(pixels_of):
    config = BackboneConfig(name="open_clip:ViT-S-32", random_init=True)
    backbone = load_backbone(config)
    vectors = backbone(pixels_of(backbone))
    assert vectors.shape == (2, backbone.resolved.dim) == (2, 384)
    assert backbone.resolved.representation == "output"
    assert not torch.allclose(vectors.norm(dim=1), torch.ones(2))


def test_open_clip_without_a_tag_and_without_weights_names_the_tags(monkeypatch):
    with pytest.raises(InputError, match=r"no pretrained tag; expected open_clip:ViT-S-32/TAG"):
        load_backbone(BackboneConfig(name="open_clip:ViT-S-32"))
