"""Backbones by name: one vector per image, before the classifier."""

from dataclasses import replace

import numpy as np
import pytest
import timm
import timm.data
import torch
from PIL import Image

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.errors import InputError
from alignet_ray.models.backbones import (
    ALIGNET_PREPROCESSING,
    Backbone,
    load_backbone,
    represent,
    resolve_preprocessing,
)
from alignet_ray.models.plugins import import_plugins
from alignet_ray.models.preprocessing import decode_image, to_pixels

TINY = BackboneConfig(name="test_vit", random_init=True)


@torch.no_grad()
def test_a_backbone_is_the_model_on_normalised_pixels(tiny, pixels_of):
    pixels = pixels_of(tiny)
    config = timm.data.resolve_model_data_config(tiny.trunk)
    mean, std = (torch.tensor(config[name]).view(3, 1, 1) for name in ("mean", "std"))
    images = (pixels.permute(0, 3, 1, 2).float() / 255 - mean) / std
    expected = tiny.trunk.forward_head(tiny.trunk.forward_features(images), pre_logits=True)
    torch.testing.assert_close(tiny(pixels), expected)
    assert tiny.resolved.dim == expected.shape[1]


@torch.no_grad()
@pytest.mark.parametrize("name", ["test_vit", "test_efficientnet", "test_convnext", "test_resnet"])
def test_a_representation_is_one_vector_per_image_before_the_classifier(name, pixels_of):
    backbone = load_backbone(BackboneConfig(name=name, random_init=True))
    vectors = backbone(pixels_of(backbone))
    assert vectors.shape == (2, backbone.resolved.dim)
    assert vectors.dtype == torch.float32
    assert backbone.resolved.dim != backbone.trunk.num_classes
    torch.testing.assert_close(vectors[:1], backbone(pixels_of(backbone)[:1]), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_the_output_can_be_asked_for(tiny):
    images = torch.zeros(1, 3, 160, 160)
    assert represent(tiny.trunk, images, "output").shape[1] == tiny.trunk.num_classes


@torch.no_grad()
def test_half_precision_comes_out_as_float32(tiny, pixels_of):
    with torch.autocast("cpu", torch.bfloat16):
        assert tiny(pixels_of(tiny)).dtype == torch.float32


def test_a_backbone_is_in_evaluation_mode(tiny):
    assert not any(module.training for module in tiny.trunk.modules())


def test_an_unknown_name_suggests_near_ones():
    with pytest.raises(
        InputError,
        match=r"no model named 'vit_smal_patch16_224'.*Did you mean .*vit_small_patch16_224",
    ):
        load_backbone(BackboneConfig(name="vit_smal_patch16_224", random_init=True))


def test_an_argument_that_the_model_does_not_take_is_one_line():
    with pytest.raises(InputError, match="expected arguments that the model takes"):
        load_backbone(replace(TINY, model_args=("nonsense=3",)))


def test_model_arguments_are_read_as_yaml():
    backbone = load_backbone(replace(TINY, model_args=("num_classes=7", "global_pool=avg")))
    assert (backbone.trunk.num_classes, backbone.trunk.global_pool) == (7, "avg")


def test_a_resolution_that_the_model_does_not_take_is_one_line():
    pixels = PreprocessingConfig(resolution=96)
    wrong = BackboneConfig(name="vit_tiny_patch16_224", random_init=True, preprocessing=pixels)
    with pytest.raises(InputError, match=r"fails on 96 px .*Set --preprocessing.resolution"):
        load_backbone(wrong)


def test_random_weights_are_always_the_same_and_leave_torchs_generator_alone():
    digests, draws = [], []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        digests.append(load_backbone(TINY).resolved.weights_sha256)
        draws.append(torch.rand(1).item())
    assert len(set(digests)) == 1
    torch.manual_seed(0)
    assert draws[0] == draws[1] == torch.rand(1).item() != draws[2]


def test_a_record_of_random_weights_asks_for_the_same_random_weights(tiny):
    config = tiny.resolved.as_config()
    assert load_backbone(config, expected_sha256=tiny.resolved.weights_sha256)


def test_the_alignet_preset_squashes_to_224_without_mean_and_std():
    native = load_backbone(TINY).resolved.preprocessing
    assert (
        resolve_preprocessing(PreprocessingConfig(preset="alignet"), native)
        == ALIGNET_PREPROCESSING
    )


def test_what_is_not_asked_is_the_backbones_own():
    native = load_backbone(TINY).resolved.preprocessing
    assert resolve_preprocessing(PreprocessingConfig(), native) == native
    found = resolve_preprocessing(PreprocessingConfig(interpolation="nearest"), native)
    assert found == replace(native, interpolation="nearest")


def test_a_squash_that_is_asked_for_takes_the_whole_image():
    native = load_backbone(TINY).resolved.preprocessing
    found = resolve_preprocessing(PreprocessingConfig(resize="squash"), native)
    assert (found.resize, found.crop_fraction) == ("squash", 1.0)


@torch.no_grad()
@pytest.mark.real
def test_a_real_model_knows_real_images(real_data):
    """MobileNetV1-0.25: top-1 about 0.47 on these images (SOURCES.md)."""
    import_plugins([str(real_data / "backbones.py")])
    weights = real_data / "weights" / "mobilenetv1_025.imagenet_128.safetensors"
    pixels = PreprocessingConfig(
        resolution=128, resize="crop", crop_fraction=0.875, interpolation="bicubic",
        mean=(0.5,) * 3, std=(0.5,) * 3,
    )  # fmt: skip
    backbone = load_backbone(
        BackboneConfig(
            name="mobilenetv1_025", checkpoint=str(weights), representation="output",
            model_args=("num_classes=1001", "pad_type=same"), preprocessing=pixels,
        )
    )  # fmt: skip
    files = sorted((real_data / "imagenet_sample" / "images").iterdir())
    wnids = [path.name.split("_")[0] for path in files]
    assert wnids == sorted(wnids)  # classes are numbered in the order of their ids
    assert len(files) == 1000
    chosen = range(0, 1000, 5)
    batch = np.stack(
        [
            to_pixels(decode_image(files[i].read_bytes()), backbone.resolved.preprocessing)
            for i in chosen
        ]
    )
    predicted = backbone(torch.from_numpy(batch)).argmax(dim=1).numpy() - 1
    assert 0.39 < np.mean(predicted == np.array(chosen)) < 0.55


def test_under_the_alignet_preset_a_backbone_sees_the_whole_image_in_zero_to_one(tiny):
    random = np.random.default_rng(0)
    image = Image.fromarray(random.integers(0, 256, (90, 160, 3), dtype=np.uint8))
    pixels = to_pixels(image, ALIGNET_PREPROCESSING)
    squashed = np.array(image.resize((224, 224), Image.Resampling.BICUBIC))
    assert np.array_equal(pixels, squashed)
    resolved = replace(tiny.resolved, preprocessing=ALIGNET_PREPROCESSING, representation="output")
    seen = Backbone(torch.nn.Flatten(), resolved)(torch.from_numpy(pixels.copy())[None])
    expected = torch.from_numpy(squashed).permute(2, 0, 1).flatten()[None] / 255
    assert torch.equal(seen, expected)
