"""Weights that fit and never run code."""

import os
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import timm
import torch

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.errors import ConfigError, InputError
from alignet_ray.models.backbones import load_backbone
from alignet_ray.models.weights import no_download, read_weights, weights_sha256


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


@pytest.mark.parametrize("name", ["a.safetensors", "a.pth"])
def test_weights_come_from_a_file(tiny, saved, name, pixels_of):
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
    assert f"cannot be had ({quoted}); expected" in str(no_download("name", OSError(said)))


def test_a_long_sentence_is_cut_between_words():
    line = str(no_download("name", OSError("word " * 200)))
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


class Runs:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_a_packed_file_is_refused_before_it_is_unpacked(saved, tmp_path):
    stored = saved("a.pth", {"a": torch.zeros(20_000_000)})
    packed = tmp_path / "b.pth"
    with zipfile.ZipFile(stored) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(InputError, match=r"b.pth: unreadable .*80,000,... bytes packed into"):
        read_weights(str(packed))


@pytest.mark.parametrize("wrapped", [lambda x: {"a": x}, lambda x: x, lambda x: [x]])
def test_code_in_a_pytorch_file_is_refused_in_one_line_and_not_run(tmp_path, wrapped):
    for save in (torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))):
        save(wrapped(Runs(tmp_path / "ran")), tmp_path / "a.pt")
        with pytest.raises(InputError, match=r"a.pt: unreadable weights \([^\n]*\); expected safe"):
            read_weights(str(tmp_path / "a.pt"))
    assert not (tmp_path / "ran").exists()


def test_devices_pipes_and_chains_of_file_systems_are_no_weights(tmp_path):
    os.mkfifo(tmp_path / "pipe.pt")
    for path in (str(tmp_path / "pipe.pt"), "/dev/zero"):
        with pytest.raises(InputError, match=rf"{path}: no regular file"):
            read_weights(path)
    (tmp_path / "refs.json").write_text('{"version": 1, "refs": {"a.pt": "bytes"}}')
    with pytest.raises(InputError, match="a chain of file systems; expected a file of weights"):
        read_weights(f"reference://a.pt::{tmp_path / 'refs.json'}")


def test_a_file_in_the_place_of_a_pretrained_tag_is_never_opened(tmp_path):
    torch.save({"a": Runs(tmp_path / "ran")}, tmp_path / "a.pt")
    config = BackboneConfig(name=f"open_clip:ViT-B-32/{tmp_path / 'a.pt'}")
    with pytest.raises(InputError, match=r"no pretrained tag '.*a.pt'; expected open_clip"):
        load_backbone(config)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["hf-hub:evil/x", "local-dir:/tmp/x", "../x", "/x"])
def test_a_name_that_is_a_place_is_no_model(name):
    with pytest.raises(InputError, match="no model named"):
        load_backbone(BackboneConfig(name=name))


@pytest.mark.parametrize("value", ["[[", "!!python/name:os.system", "[" * 3000])
def test_an_argument_that_is_no_plain_value_is_refused(value):
    config = BackboneConfig(name="test_vit", random_init=True, model_args=(f"num_classes={value}",))
    with pytest.raises(ConfigError, match=r"model_args: num_classes=.*; expected a value in YAML"):
        load_backbone(config)
