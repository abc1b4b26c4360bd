"""Any student trains, is exported, and is loaded again: of open_clip, a plug-in, through a head."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.config.distillation import LossConfig
from alignet_ray.config.train import TrainConfig
from alignet_ray.models.backbones import Backbone, load_backbone
from alignet_ray.records.store import Folder
from alignet_ray.records.student import read_student
from alignet_ray.records.student_head import read_head
from alignet_ray.training.loop import train_student
from alignet_ray.training.network import make_head
from alignet_ray.training.plan import make_plan
from alignet_ray.training.world import World

ALIGNET = PreprocessingConfig(preset="alignet", resolution=32)
OPEN_CLIP = {
    "embed_dim": 12,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1},
}
PLUGINS = {
    "open_clip": "import open_clip\nopen_clip.add_model_config({folder!r})\n",
    "timm": (
        "from timm.models import register_model\n"
        "from timm.models.vision_transformer import VisionTransformer\n"
        "@register_model\n"
        "def student_of_a_plugin(pretrained=False, **kwargs):\n"
        "    return VisionTransformer(img_size=32, patch_size=16, embed_dim=24, depth=1,\n"
        "                             num_heads=2, num_classes=5)\n"
    ),
}
NAMES = {"open_clip": "open_clip:tiny-tower", "timm": "student_of_a_plugin"}


def _train(config: TrainConfig, observer: Any) -> dict[str, Any]:
    return train_student(config, make_plan(config), World(), observer)


def _exported(config: TrainConfig) -> Backbone:
    student = read_student(Folder.at(config.output))
    return load_backbone(
        student.aligned.as_config(), expected_sha256=student.aligned.weights_sha256
    )


@pytest.mark.parametrize("library", PLUGINS)
def test_a_student_of_ones_own_comes_back_trained(
    make_config: Any, listener: Any, tmp_path: Path, library: str
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "tiny-tower.json").write_text(json.dumps(OPEN_CLIP))
    plugin = tmp_path / f"plugin_{library}.py"
    plugin.write_text(PLUGINS[library].format(folder=str(folder)))
    student = BackboneConfig(name=NAMES[library], random_init=True, preprocessing=ALIGNET)
    config = make_config(student=student, plugins=(str(plugin),), steps=2)
    _train(config, listener)
    before, after = load_backbone(student), _exported(config)
    assert after.resolved.preprocessing == before.resolved.preprocessing
    pixels = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    assert not torch.equal(before(pixels), after(pixels))


def test_a_head_stays_beside_the_trunk_and_a_learned_temperature_is_told(
    make_config: Any, listener: Any
) -> None:
    loss = LossConfig(
        head="linear", head_dim=6, divergence="jsd", decay="decoupled",
        student_temperature="auto_spread", learn_temperature=True,
    )  # fmt: skip
    config = make_config(loss=loss, steps=3)
    figures = _train(config, listener)
    backbone, head = _exported(config), read_head(Folder.at(config.output))
    assert head is not None
    fresh = make_head(backbone.resolved.dim, 6, config.seed).state_dict()
    assert all(head[name].shape == tensor.shape for name, tensor in fresh.items())
    assert not torch.equal(head["weight"], fresh["weight"])
    torch.testing.assert_close(head["weight"], fresh["weight"], rtol=0.1, atol=0.01)
    before, now = figures["student_temperature_before"], figures["student_temperature"]
    assert before != now == pytest.approx(before, rel=0.01)
    assert read_student(Folder.at(config.output)).training["settings"]["precision"] == "float32"


def test_without_a_head_none_is_written(make_config: Any, listener: Any) -> None:
    config = make_config(steps=1, warmup_steps=0)
    figures = _train(config, listener)
    assert read_head(Folder.at(config.output)) is None
    assert figures["student_temperature"] == figures["student_temperature_before"]
