"""A preset fills what is not given, and what is given wins."""

from typing import get_args

import pytest

from alignet_ray.cli import parse_config
from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.config.presets import PRESETS, Preset
from alignet_ray.config.train import TrainConfig

LEAST = ["--runs", "r", "--output", "o"]


def _student(*flags: str) -> BackboneConfig:
    return parse_config(TrainConfig, [*LEAST, *flags]).student


def test_every_preset_can_be_asked_for() -> None:
    assert get_args(Preset) == tuple(PRESETS)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_fills_what_is_not_given(preset: str) -> None:
    model, student = PRESETS[preset], _student("--student.preset", preset)
    assert student.name == model.name
    assert student.representation == model.representation
    assert student.model_args == model.model_args
    assert student.random_init == model.random_init
    assert student.preprocessing.resolution == model.resolution


def test_flags_beside_a_preset_win() -> None:
    given = _student(
        *["--student.preset", "clip_b16", "--student.name", "vit_base_patch16_clip_224.laion2b"],
        *["--student.representation", "pre_logits", "--student.preprocessing.resolution", "160"],
    )
    assert given.name == "vit_base_patch16_clip_224.laion2b"
    assert given.representation == "pre_logits"
    assert given.preprocessing.resolution == 160


def test_the_alignet_pixels_are_not_the_presets() -> None:
    given = _student("--student.preset", "dinov2_b14", "--student.preprocessing.preset", "alignet")
    assert given.preprocessing.resolution is None
    assert given.model_args == ("dynamic_img_size=true",)


def test_a_checkpoint_takes_the_place_of_random_weights() -> None:
    given = BackboneConfig(preset="random_vit_b16", checkpoint="/w.safetensors")
    assert not given.random_init


def test_settings_written_and_read_again_are_the_same(capsys, tmp_path) -> None:
    line = [*LEAST, "--student.preset", "siglip2_b16", "--loss.head", "linear"]
    with pytest.raises(SystemExit):
        parse_config(TrainConfig, [*line, "--print-config"])
    file = tmp_path / "a.yaml"
    file.write_text(capsys.readouterr().out)
    assert parse_config(TrainConfig, ["--config", str(file)]) == parse_config(TrainConfig, line)
