"""Inner blocks are timm's and open_clip's own intermediates, averaged over places."""

import json

import open_clip
import pytest
import torch

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.errors import InputError
from alignet_ray.models.backbones import load_backbone
from alignet_ray.models.inner_blocks import NoSuchBlock, inner_block


def tiny(name, representation):
    return load_backbone(BackboneConfig(name=name, random_init=True, representation=representation))


@torch.no_grad()
@pytest.mark.parametrize("name", ["test_vit", "test_efficientnet", "test_convnext", "test_resnet"])
def test_a_block_is_timms_intermediate_averaged_over_places(name, pixels_of):
    backbone = tiny(name, "block:2")
    pixels = pixels_of(backbone)
    images = (pixels.permute(0, 3, 1, 2).float() / 255 - backbone.mean) / backbone.std
    expected = backbone.trunk.forward_intermediates(images, intermediates_only=True)[2]
    found = backbone(pixels)
    torch.testing.assert_close(found, expected.mean(dim=(2, 3)))
    assert backbone.resolved.representation == "block:2"
    assert backbone.resolved.dim == found.shape[1]


@torch.no_grad()
def test_a_transformers_block_is_that_of_a_hook_without_the_cls_token(pixels_of):
    backbone = tiny("test_vit", "block:3")
    seen = []
    backbone.trunk.blocks[3].register_forward_hook(lambda _module, _given, out: seen.append(out))
    ran_behind = []
    backbone.trunk.blocks[4].register_forward_hook(lambda *_: ran_behind.append(True))
    found = backbone(pixels_of(backbone))
    torch.testing.assert_close(found, seen[0][:, 1:].mean(dim=1))
    assert not ran_behind, "what is behind the block is not run"


@torch.no_grad()
def test_half_precision_is_averaged_in_float32(pixels_of):
    backbone = tiny("test_vit", "block:1")
    with torch.autocast("cpu", torch.bfloat16):
        assert backbone(pixels_of(backbone)).dtype == torch.float32


def test_a_block_that_is_not_there_says_how_many_there_are():
    with pytest.raises(
        NoSuchBlock, match="test_vit: no block:6 among its 6; expected block:0 to block:5"
    ):
        tiny("test_vit", "block:6")


def test_a_model_without_inner_blocks_is_refused(monkeypatch):
    import timm.models.byobnet

    monkeypatch.delattr(timm.models.byobnet.ByobNet, "forward_intermediates")
    with pytest.raises(NoSuchBlock, match="test_byobnet: no inner blocks"):
        tiny("test_byobnet", "block:0")


def test_a_record_of_a_block_asks_for_the_same_block():
    resolved = tiny("test_vit", "block:2").resolved
    assert load_backbone(
        resolved.as_config(), expected_sha256=resolved.weights_sha256
    ).resolved == (resolved)


@pytest.fixture
def tower(tmp_path):
    vision = {"image_size": 32, "layers": 3, "width": 32, "head_width": 16, "patch_size": 16}
    text = {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1}
    document = {"embed_dim": 12, "vision_cfg": vision, "text_cfg": text}
    (tmp_path / "tiny-tower.json").write_text(json.dumps(document))
    open_clip.add_model_config(tmp_path)
    return "open_clip:tiny-tower"


@torch.no_grad()
def test_a_tower_of_open_clip_has_blocks_too(tower, pixels_of):
    backbone = tiny(tower, "block:1")
    seen = []
    blocks = backbone.trunk.transformer.resblocks
    blocks[1].register_forward_hook(lambda _module, _given, out: seen.append(out))
    found = backbone(pixels_of(backbone))
    torch.testing.assert_close(found, seen[0][:, 1:].mean(dim=1))
    assert backbone.resolved.dim == 32
    with pytest.raises(NoSuchBlock, match="no block:3 among its 3; expected block:0 to block:2"):
        tiny(tower, "block:3")


def test_a_tower_of_open_clip_has_no_classifier(tower):
    with pytest.raises(InputError, match="pre_logits of a tower without a classifier"):
        tiny(tower, "pre_logits")


def test_gradients_reach_the_block_and_what_is_before_it(pixels_of):
    backbone = tiny("test_vit", "block:1")
    images = torch.zeros(1, 3, 160, 160)
    inner_block(backbone.trunk, images, 1).sum().backward()
    has_gradient = [block.mlp.fc1.weight.grad is not None for block in backbone.trunk.blocks]
    assert has_gradient == [True, True, False, False, False, False]
