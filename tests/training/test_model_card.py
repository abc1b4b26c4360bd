"""The card's front matter is YAML that the hub reads, and its code blocks run as they stand."""

import json
import re
from dataclasses import replace

import open_clip
import pytest
import torch
import yaml
from PIL import Image

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.models.backbones import load_backbone
from alignet_ray.models.timm_config import library_of, timm_config
from alignet_ray.records.store import Folder
from alignet_ray.records.student import Student
from alignet_ray.records.student_head import write_head
from alignet_ray.training.export import export_student
from alignet_ray.training.model_card import CARD_NAME, flattened, model_card
from alignet_ray.training.network import make_head

ONE = {
    "kl": 0.5, "accuracy": 0.45, "expected_agreement": 0.4, "expected_ceiling": 0.6,
    "student_entropy": 1.0, "teacher_entropy": 0.75, "triplets": 1234,
}  # fmt: skip
FIGURES = {
    "student_temperature": 12.345678,
    "validation": {
        "before": {**ONE, "by_strategy": {"random": ONE}},
        "after": {**ONE, "by_strategy": {"random": {**ONE, "kl": 0.125}}},
    },
}
DATA = {
    "runs": [{"digest": "abc" * 20, "strategy": "random", "blocks": [3], "groups": 4096,
              "triplets": 4096, "teacher_temperature": 1.5}],
    "steps": 10, "epochs": 0.5, "groups_seen": 2048, "images_seen": 6144,
}  # fmt: skip
SETTINGS = {"learning_rate": 1e-4, "loss": {"weight_decay_to_init": 0.01}, "runs": {"x": 1}}

OPEN_CLIP = {
    "embed_dim": 12,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1},
}


def tiny(**changes):
    pixels = PreprocessingConfig(resolution=32, resize="squash")
    return BackboneConfig(
        **{"name": "test_efficientnet", "random_init": True, "preprocessing": pixels, **changes}
    )


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("one.jpg", "two.jpg"):
        Image.new("RGB", (40, 30), (200, 30, len(name) * 9)).save(tmp_path / name)
    return tmp_path / "student"


@pytest.mark.parametrize(
    "config",
    [tiny(), tiny(model_args=("num_classes=5",)), tiny(name="test_vit", representation="output",
     model_args=("img_size=32", "num_classes=16"))],
    ids=["pre_logits", "another classifier", "output"],
)  # fmt: skip
def test_the_code_on_the_card_runs_and_gives_the_same_vector(config, in_folder):
    export_student(Folder.at(str(in_folder)), load_backbone(config), SETTINGS, FIGURES, DATA)
    card = (in_folder / CARD_NAME).read_text()
    ours, by_folder, by_file = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    found, direct = {}, {}
    exec(ours, found)
    exec(by_folder, direct)
    torch.testing.assert_close(found["vectors"][:1], direct["vector"], atol=1e-5, rtol=1e-4)
    exec(by_file, direct)
    picture = found["student"].transform(Image.open("one.jpg"))[None]
    with torch.no_grad():
        vector = direct["model"].eval()(picture)
    torch.testing.assert_close(vector, direct["vector"], atol=1e-5, rtol=1e-4)


def test_the_code_on_the_card_of_an_open_clip_student_runs_too(in_folder, tmp_path, caplog):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "tiny-card.json").write_text(json.dumps(OPEN_CLIP))
    open_clip.add_model_config(folder)
    pixels = PreprocessingConfig(resolution=32, crop_fraction=0.9)
    config = tiny(name="open_clip:tiny-card", preprocessing=pixels)
    settings = {**SETTINGS, "loss": {"head": "linear"}}
    backbone = load_backbone(config)
    where = Folder.at(str(in_folder))
    write_head(where, make_head(backbone.resolved.dim, 6, 0).state_dict())
    export_student(where, backbone, settings, FIGURES, DATA)
    card = (in_folder / CARD_NAME).read_text()
    caplog.clear()
    ours, direct, head = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    found, theirs = {}, {}
    exec(ours, found)
    assert "No pretrained weights" not in caplog.text
    exec(direct, theirs)
    torch.testing.assert_close(found["vectors"][:1], theirs["vector"], atol=1e-5, rtol=1e-4)
    exec(head, found)
    assert found["seen"].shape == (2, 6)
    assert "no `config.json`" in " ".join(card.split())
    assert not (in_folder / "config.json").exists()


def test_of_an_inner_block_the_card_gives_that_block(in_folder):
    config = tiny(representation="block:2")
    export_student(Folder.at(str(in_folder)), load_backbone(config), SETTINGS, FIGURES, DATA)
    card = (in_folder / CARD_NAME).read_text()
    ours, by_folder, _ = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    found, direct = {}, {}
    exec(ours, found)
    exec(by_folder, direct)
    torch.testing.assert_close(found["vectors"][:1], direct["vector"], atol=1e-5, rtol=1e-4)
    assert "What lies behind block 2 was not trained along." in card
    clip = replace(load_backbone(config).resolved, name="open_clip:ViT-B-32/laion2b_s34b_b79k")
    assert "[2], intermediates_only=True" in model_card(Student(initial=clip, aligned=clip))


def student_of(config, **training):
    resolved = load_backbone(config).resolved
    return Student(initial=resolved, aligned=resolved, training=training)


def test_front_matter_and_figures_say_what_was_trained():
    student = student_of(tiny(), settings=SETTINGS, figures=FIGURES, data=DATA)
    card = model_card(student)
    _, front, text = card.split("---\n", 2)
    matter = yaml.safe_load(front)
    assert matter["library_name"] == "timm"
    assert {"alignet", "timm"} <= set(matter["tags"])
    assert "base_model" not in matter
    for said in ("0.5000 | 0.1250", "12.3457", "abcabcabcabc", "4,096", "weight_decay_to_init"):
        assert said in text, said
    assert "runs.x" not in text
    assert model_card(student) == card


def test_pretrained_weights_of_the_hub_are_named_as_the_base():
    student = student_of(tiny())
    hub = replace(student.initial, name="vit_tiny_patch16_224.augreg_in21k", random_init=False)
    card = model_card(replace(student, initial=hub, aligned=hub))
    assert "base_model: timm/vit_tiny_patch16_224.augreg_in21k" in card
    local = replace(hub, checkpoint="/somewhere/weights.safetensors")
    card = model_card(replace(student, initial=local, aligned=hub))
    assert "base_model" not in card
    assert "/somewhere" not in card


def test_a_model_of_open_clip_is_loaded_by_open_clip():
    student = student_of(tiny())
    name = "open_clip:ViT-B-32/laion2b_s34b_b79k"
    clip = replace(student.aligned, name=name, representation="output")
    card = model_card(Student(initial=clip, aligned=clip))
    assert "library_name: open_clip" in card
    assert 'open_clip.create_model("ViT-B-32")' in card
    assert "timm.create_model" not in card
    assert library_of("test_vit.r160_in1k") == "timm"
    assert library_of("my_own_model") == "plug-in"


def test_a_classifier_that_a_model_does_not_name_is_found():
    backbone = load_backbone(tiny())
    backbone.trunk.pretrained_cfg = {**backbone.trunk.pretrained_cfg, "classifier": None}
    assert timm_config(backbone)["pretrained_cfg"]["classifier"] == "classifier"


def test_settings_are_flat_by_their_dotted_names():
    assert dict(flattened(SETTINGS)) == {
        "learning_rate": 1e-4, "loss.weight_decay_to_init": 0.01, "runs.x": 1,
    }  # fmt: skip


def test_timms_description_has_our_pixels_and_no_place_to_download_from():
    config = timm_config(load_backbone(tiny(model_args=("num_classes=5",))))
    assert config["num_classes"] == config["pretrained_cfg"]["num_classes"] == 5
    assert config["model_args"] == {"num_classes": 5}
    assert config["pretrained_cfg"]["classifier"] == "classifier"
    assert config["pretrained_cfg"]["crop_mode"] == "squash"
    assert config["pretrained_cfg"]["input_size"] == [3, 32, 32]
    assert not {"url", "hf_hub_id", "file", "source"} & config["pretrained_cfg"].keys()
