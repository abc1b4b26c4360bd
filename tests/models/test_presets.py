"""Every preset is a model that the installed libraries know, with the layer and size it says."""

import open_clip
import pytest
import timm
import timm.models
import torch

from alignet_ray.config.backbone import OPEN_CLIP_PREFIX, BackboneConfig
from alignet_ray.config.presets import PRESETS
from alignet_ray.models.backbones import represent
from alignet_ray.models.open_clip_models import create_open_clip
from alignet_ray.models.timm_models import create_timm, default_representation


@pytest.mark.parametrize("preset", PRESETS)
def test_the_libraries_have_the_weights_of_a_preset(preset: str) -> None:
    model = PRESETS[preset]
    if model.name.startswith(OPEN_CLIP_PREFIX):
        name, _, tag = model.name.removeprefix(OPEN_CLIP_PREFIX).partition("/")
        assert tag in open_clip.list_pretrained_tags_by_model(name)
        return
    assert timm.models.is_model_pretrained(model.name)
    note = str(timm.get_pretrained_cfg(model.name).notes)
    assert "natively QuickGELU" not in note or "quickgelu" in model.name
    assert default_representation(model.name, "") == model.representation


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_the_architecture_of_a_preset_gives_vectors_of_its_size(preset: str) -> None:
    """On the meta device: shapes without numbers."""
    model = PRESETS[preset]
    is_open_clip = model.name.startswith(OPEN_CLIP_PREFIX)
    config = BackboneConfig(preset=preset, random_init=True)
    pixels = torch.zeros(2, 3, model.resolution, model.resolution, device="meta")
    with torch.device("meta"):
        if is_open_clip:
            arguments = (*config.model_args, "device=meta")
            config = BackboneConfig(name=model.name, random_init=True, model_args=arguments)
        trunk, _ = create_open_clip(config) if is_open_clip else create_timm(config)
        vectors = represent(trunk.eval(), pixels, model.representation)
    assert vectors.shape == (2, model.dim)
