from pathlib import Path

import pytest
import timm
import torch

from alignet_ray.demo_world.scenes import SURFACE_CARDINALITIES, sample_scenes
from alignet_ray.demo_world.surface_backbone import (
    ARCHITECTURE,
    SurfaceTraining,
    normalised,
    pixels,
    surface_targets,
    train_surface_backbone,
)
from alignet_ray.errors import ConfigError
from alignet_ray.models.backbones import represent

QUICK = SurfaceTraining(num_scenes=24, num_steps=3, batch_size=8, image_size=32, num_threads=1)


def test_weights_reload_through_timm(tmp_path: Path) -> None:
    path = tmp_path / "below" / "surface.safetensors"
    train_surface_backbone(path, QUICK)
    again = [
        timm.create_model(ARCHITECTURE, num_classes=0, checkpoint_path=str(path)).eval()
        for _ in range(2)
    ]
    images = normalised(pixels(sample_scenes(4, 0), 32))
    with torch.no_grad():
        first, second = (represent(trunk, images, "pre_logits") for trunk in again)
    assert first.shape == (4, 256)
    assert torch.equal(first, second)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_same_settings_give_the_same_file(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.safetensors", "b.safetensors")]
    reports = []
    for path in paths:
        torch.rand(3)  # what the caller's generator did before does not matter
        reports.append(train_surface_backbone(path, QUICK))
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert reports[0] == reports[1]


def test_the_caller_keeps_generator_and_threads(tmp_path: Path) -> None:
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    train_surface_backbone(tmp_path / "surface.safetensors", QUICK)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_targets_are_the_surface_and_nothing_else() -> None:
    scenes = sample_scenes(30, 1)
    targets = surface_targets(scenes)
    assert set(targets) == set(SURFACE_CARDINALITIES) == {"colour", "texture", "size", "background"}
    assert targets["colour"].tolist() == [scene.colour for scene in scenes]


def test_training_needs_steps() -> None:
    with pytest.raises(ConfigError, match="num_steps = 0"):
        SurfaceTraining(num_steps=0)
