"""The layer that represents an image, by a model's family."""

import pytest
import timm

from alignet_ray.models.timm_models import default_representation


@pytest.mark.parametrize(
    ("name", "representation"),
    [
        ("vit_base_patch16_clip_224.openai", "output"),
        ("vit_base_patch16_clip_224.openai_ft_in1k", "pre_logits"),
        ("vit_base_patch16_clip_quickgelu_224.dfn2b", "output"),
        ("resnet50_clip.openai", "output"),
        ("convnext_base.clip_laion2b", "output"),
        ("convnext_base.clip_laion2b_augreg_ft_in1k", "pre_logits"),
        ("eva02_base_patch16_clip_224.merged2b", "output"),
        ("vitamin_base_224.datacomp1b_clip", "output"),
        ("fastvit_mci0.apple_mclip", "output"),
        ("vit_so400m_patch14_siglip_384.webli", "pre_logits"),
        ("vit_base_patch16_siglip_224.v2_webli", "pre_logits"),
        ("vit_base_patch14_dinov2.lvd142m", "pre_logits"),
        ("vit_base_patch16_224.dino", "pre_logits"),
        ("vit_base_patch16_224.augreg_in21k_ft_in1k", "pre_logits"),
        ("mobilenetv1_100.ra4_e3600_r224_in1k", "pre_logits"),
    ],
)
def test_every_family_has_its_representation(name, representation):
    assert timm.is_model(name.split(".")[0])
    base, _, tag = name.partition(".")
    assert default_representation(name, "") == default_representation(base, tag) == representation
