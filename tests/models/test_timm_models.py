"""The layer that represents an image, by a model's family."""

import pytest
import timm

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.errors import InputError
from alignet_ray.models.backbones import load_backbone
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


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("test_vit", "checkpoint_path=/tmp/evil.pt"),
        ("test_vit", "pretrained_cfg=x"),
        ("open_clip:ViT-S-32-alt", "weights_only=false"),
        ("open_clip:ViT-S-32-alt", "pretrained_image_path=/tmp/evil.pt"),
        ("open_clip:ViT-S-32-alt", "cache_dir=/tmp"),
    ],
)
def test_arguments_that_would_load_something_are_refused(name, argument):
    config = BackboneConfig(name=name, random_init=True, model_args=(argument,))
    with pytest.raises(InputError, match=f"model argument {argument.partition('=')[0]}; expected"):
        load_backbone(config)
