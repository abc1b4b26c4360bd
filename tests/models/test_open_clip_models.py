"""Towers that open_clip names."""

import json

import open_clip
import pytest
import torch

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.errors import InputError
from alignet_ray.models.backbones import load_backbone
from alignet_ray.models.open_clip_models import create_open_clip


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


def test_weights_under_another_activation_are_refused():
    with pytest.raises(InputError, match=r"trained with QuickGELU.*name is .*ViT-B-16-quickgelu/o"):
        load_backbone(BackboneConfig(name="open_clip:ViT-B-16/openai"))


@torch.no_grad()
def test_of_a_tower_with_tokens_the_pooled_vector_is_taken(tmp_path, pixels_of):
    vision = {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16}
    text = {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1}
    document = {
        "embed_dim": 12,
        "vision_cfg": {
            **vision,
            "output_tokens": True,
            "attentional_pool": True,
            "attn_pooler_heads": 4,
        },
        "text_cfg": text,
    }
    (tmp_path / "tiny-captioner.json").write_text(json.dumps(document))
    open_clip.add_model_config(tmp_path)
    backbone = load_backbone(BackboneConfig(name="open_clip:tiny-captioner", random_init=True))
    pooled, _ = backbone.trunk(torch.zeros(1, 3, 32, 32))
    assert backbone(pixels_of(backbone)).shape == (2, 12)
    assert pooled.shape == (1, backbone.resolved.dim)


def test_the_pixels_of_a_tag_hold_without_its_weights():
    name = "open_clip:ViT-B-16-SigLIP/webli"
    with torch.device("meta"):
        config = BackboneConfig(name=name, random_init=True, model_args=("device=meta",))
        _, pixels = create_open_clip(config)
    assert pixels.mean == pixels.std == (0.5, 0.5, 0.5)
    assert (pixels.resize, pixels.interpolation) == ("squash", "bicubic")
