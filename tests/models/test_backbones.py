"""Backbones by name, with weights that fit and never run code."""

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import timm
import timm.data
import torch

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.errors import InputError
from alignet_ray.models.backbones import (
    ALIGNET_PREPROCESSING,
    _no_download,
    default_representation,
    import_plugins,
    load_backbone,
    read_weights,
    represent,
    resolve_preprocessing,
    weights_sha256,
)
from alignet_ray.models.preprocessing import decode_image, to_pixels

TINY = BackboneConfig(name="test_vit", random_init=True)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tiny():
    torch.manual_seed(0)
    return load_backbone(TINY)


def pixels_of(backbone, batch=2):
    side = backbone.resolved.preprocessing.resolution
    random = np.random.default_rng(0)
    return torch.from_numpy(random.integers(0, 256, (batch, side, side, 3), dtype=np.uint8))


@pytest.fixture
def saved(tiny, tmp_path) -> Callable[..., str]:
    def save(name, state=None):
        path = tmp_path / name
        state = tiny.trunk.state_dict() if state is None else state
        if name.endswith(".safetensors"):
            path.write_bytes(safetensors.torch.save(state))
        else:
            torch.save(state, path)
        return str(path)

    return save


@torch.no_grad()
def test_a_backbone_is_the_model_on_normalised_pixels(tiny):
    pixels = pixels_of(tiny)
    config = timm.data.resolve_model_data_config(tiny.trunk)
    mean, std = (torch.tensor(config[name]).view(3, 1, 1) for name in ("mean", "std"))
    images = (pixels.permute(0, 3, 1, 2).float() / 255 - mean) / std
    expected = tiny.trunk.forward_head(tiny.trunk.forward_features(images), pre_logits=True)
    torch.testing.assert_close(tiny(pixels), expected)
    assert tiny.resolved.dim == expected.shape[1]


@torch.no_grad()
@pytest.mark.parametrize("name", ["test_vit", "test_efficientnet", "test_convnext", "test_resnet"])
def test_a_representation_is_one_vector_per_image_before_the_classifier(name):
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
def test_half_precision_comes_out_as_float32(tiny):
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


def test_an_unknown_open_clip_name_suggests_near_ones():
    with pytest.raises(InputError, match=r"no model named 'ViT-B-33'.*ViT-B-32"):
        load_backbone(BackboneConfig(name="open_clip:ViT-B-33", random_init=True))


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


@pytest.mark.parametrize("name", ["a.safetensors", "a.pth"])
def test_weights_come_from_a_file(tiny, saved, name):
    config = BackboneConfig(name="test_vit", checkpoint=saved(name))
    loaded = load_backbone(config)
    assert loaded.resolved.weights_sha256 == tiny.resolved.weights_sha256
    pixels = pixels_of(tiny)
    assert torch.equal(loaded(pixels), tiny(pixels))


def test_weights_come_from_a_url(tiny):
    import fsspec

    data = safetensors.torch.save(tiny.trunk.state_dict())
    fsspec.filesystem("memory").pipe_file("/weights/a.safetensors", data)
    config = BackboneConfig(name="test_vit", checkpoint="memory://weights/a.safetensors")
    assert load_backbone(config).resolved.weights_sha256 == tiny.resolved.weights_sha256


def test_weights_that_do_not_fit_are_one_line(saved):
    config = BackboneConfig(
        name="test_vit", checkpoint=saved("a.pth"), model_args=("num_classes=7",)
    )
    with pytest.raises(InputError, match="weights do not fit") as caught:
        load_backbone(config)
    assert "2 of another shape: head.weight 1000x64 instead of 7x64" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_weights_of_another_model_are_counted_by_what_is_wrong(saved):
    config = BackboneConfig(name="test_efficientnet", checkpoint=saved("a.pth"))
    own = timm.create_model("test_efficientnet").state_dict().keys()
    found = timm.create_model("test_vit").state_dict().keys()
    missing, unexpected = own - found, found - own
    with pytest.raises(InputError) as caught:
        load_backbone(config)
    line = str(caught.value)
    assert f"of {len(own)} tensors {len(missing)} missing: " in line
    assert f"; {len(unexpected)} unexpected: " in line
    assert len(line) < 500


def test_a_missing_file_of_weights_is_one_line(tmp_path):
    config = BackboneConfig(name="test_vit", checkpoint=str(tmp_path / "none.pth"))
    with pytest.raises(InputError, match=r"none.pth: no such file; expected a file of w") as caught:
        load_backbone(config)
    assert "Check --backbone.checkpoint" in str(caught.value)
    assert str(caught.value).count("none.pth") == 1


@pytest.mark.parametrize(
    ("said", "quoted"),
    [
        ("We could not connect. Check your connection! And more", "We could not connect"),
        ("first line\nsecond line", "first line"),
        ("", "OSError"),
    ],
)
def test_what_a_library_says_is_quoted_by_its_first_sentence(said, quoted):
    assert f"cannot be had ({quoted}); expected" in str(_no_download("name", OSError(said)))


def test_a_long_sentence_is_cut_between_words():
    line = str(_no_download("name", OSError("word " * 200)))
    assert "word word ...)" in line
    assert len(line) < 400


class Malicious:
    """What a pickle can do if it is believed."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (Path(self.path),))


@pytest.mark.parametrize("protocol", ["torch", "pickle"])
def test_a_checkpoint_with_code_is_refused_and_not_run(tmp_path, protocol):
    path, trace = tmp_path / "evil.pth", tmp_path / "it_ran"
    state = {"weight": Malicious(str(trace))}
    if protocol == "torch":
        torch.save(state, path)
    else:
        path.write_bytes(pickle.dumps(state))
    with pytest.raises(InputError, match=r"evil.pth: unreadable weights"):
        read_weights(str(path))
    assert not trace.exists()


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors"])
@pytest.mark.parametrize("data", [b"", b"nonsense" * 20])
def test_a_file_that_holds_no_weights_is_one_line(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match="unreadable weights"):
        read_weights(str(path))


@pytest.mark.parametrize("state", [[1, 2], {"state_dict": {}}, torch.zeros(2), 3])
def test_a_file_that_is_no_state_dict_is_one_line(tmp_path, state):
    path = tmp_path / "a.pth"
    torch.save(state, path)
    with pytest.raises(InputError, match=r"a.pth: unreadable weights"):
        read_weights(str(path))


def test_the_digest_of_weights_is_stable_and_sensitive(tiny):
    first = weights_sha256(tiny.trunk)
    assert weights_sha256(tiny.trunk) == first
    with torch.no_grad():
        weight = next(iter(tiny.trunk.parameters())).view(-1)
        weight[0] = torch.nextafter(weight[0], torch.tensor(torch.inf))
    assert weights_sha256(tiny.trunk) != first


def test_the_digest_of_weights_knows_names_types_and_shapes():
    modules = {
        "plain": torch.nn.Linear(2, 3, bias=False),
        "shape": torch.nn.Linear(3, 2, bias=False),
        "type": torch.nn.Linear(2, 3, bias=False, dtype=torch.float64),
        "name": torch.nn.Sequential(torch.nn.Linear(2, 3, bias=False)),
    }
    for module in modules.values():
        torch.nn.init.zeros_(next(module.parameters()))
    assert len({weights_sha256(module) for module in modules.values()}) == 4


def test_other_weights_than_a_record_names_are_refused(saved):
    config = BackboneConfig(name="test_vit", checkpoint=saved("a.pth"))
    with pytest.raises(InputError, match="expected the weights ffffffffffff that the record names"):
        load_backbone(config, expected_sha256="f" * 64)


def test_what_a_record_asks_for_is_the_same_backbone(tiny, saved):
    config = tiny.resolved.as_config(saved("a.safetensors"))
    again = load_backbone(config, expected_sha256=tiny.resolved.weights_sha256)
    assert replace(again.resolved, checkpoint=None, random_init=True) == tiny.resolved


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
@pytest.mark.slow
def test_an_open_clip_tower_gives_its_projection_without_normalisation():
    config = BackboneConfig(name="open_clip:ViT-S-32", random_init=True)
    backbone = load_backbone(config)
    vectors = backbone(pixels_of(backbone))
    assert vectors.shape == (2, backbone.resolved.dim) == (2, 384)
    assert backbone.resolved.representation == "output"
    assert not torch.allclose(vectors.norm(dim=1), torch.ones(2))


def test_open_clip_without_a_tag_and_without_weights_names_the_tags(monkeypatch):
    with pytest.raises(InputError, match=r"no pretrained tag; expected open_clip:ViT-S-32/TAG"):
        load_backbone(BackboneConfig(name="open_clip:ViT-S-32"))


def test_a_plugin_file_registers_a_model(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from timm.models import register_model\n"
        "from timm.models.vision_transformer import VisionTransformer\n"
        "@register_model\n"
        "def my_own_vit(pretrained=False, **kwargs):\n"
        "    return VisionTransformer(img_size=32, patch_size=16, embed_dim=24, depth=1,\n"
        "                             num_heads=2, num_classes=5)\n"
    )
    import_plugins([str(path), str(path)])
    config = BackboneConfig(
        name="my_own_vit", random_init=True, preprocessing=PreprocessingConfig(resolution=32)
    )
    assert load_backbone(config).resolved.dim == 24


@pytest.mark.parametrize("plugin", ["no.such.module", "/no/such/file.py"])
def test_a_plugin_that_is_not_there_is_named(plugin):
    with pytest.raises(InputError, match=f"--plugins {plugin}: "):
        import_plugins([plugin])


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
