"""An honestly misaligned vision model: it has learned the surface of pictures and was never told what they show.

A small stock timm architecture is trained from scratch to name colour, texture, size and background of freshly drawn
scenes. Those attributes are independent of the category, so nothing in its targets says what belongs together; what it
knows about shape it knows by the way. The heads are thrown away and the trunk saved as safetensors, so that

    timm.create_model(ARCHITECTURE, num_classes=0, checkpoint_path=path)

gives the backbone, and `model.forward_head(model.forward_features(x), pre_logits=True)` its representation, for images
scaled to [0, 1] and normalised by mean 0.5 and standard deviation 0.5.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import timm
import torch
from jaxtyping import Float, Int64, UInt8
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from alignet_ray.demo_world.rendering import render
from alignet_ray.demo_world.scenes import SURFACE_CARDINALITIES, Scene, sample_scenes

ARCHITECTURE = "test_byobnet"
MEAN = 0.5
STD = 0.5

_STREAM = 7
"""Keeps the training scenes apart from those of the world that is drawn with the same seed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SurfaceTraining:
    """How the surface backbone is trained; the defaults take about half a minute on two cores."""

    architecture: str = ARCHITECTURE
    image_size: int = 96
    num_scenes: int = 2400
    num_steps: int = 300
    batch_size: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    num_threads: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("image_size", "num_scenes", "num_steps", "batch_size", "num_threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True, slots=True)
class SurfaceReport:
    """Accuracy on surface attributes in the last tenth of the training steps, by attribute, before each step."""

    accuracy: dict[str, float]


def pixels(scenes: Sequence[Scene], image_size: int) -> UInt8[Tensor, "images 3 size size"]:
    """Render scenes into one uint8 tensor."""
    stack = np.stack([np.asarray(render(scene, image_size)) for scene in scenes])
    return torch.from_numpy(stack).permute(0, 3, 1, 2).contiguous()


def normalise(images: UInt8[Tensor, "images 3 size size"]) -> Float[Tensor, "images 3 size size"]:
    """Scale to [0, 1] and normalise as the backbone expects."""
    return (images.float() / 255 - MEAN) / STD


def representation(
    backbone: nn.Module, images: Float[Tensor, "images 3 size size"]
) -> Float[Tensor, "images dim"]:
    """Return the pooled features before the classifier."""
    return backbone.forward_head(backbone.forward_features(images), pre_logits=True)  # type: ignore[operator]


def surface_targets(scenes: Sequence[Scene]) -> dict[str, Int64[Tensor, " images"]]:
    """Return what the backbone learns to name: surface attributes, and nothing else."""
    return {
        name: torch.tensor([scene.surface()[name] for scene in scenes])
        for name in SURFACE_CARDINALITIES
    }


def train_surface_backbone(path: Path, training: SurfaceTraining | None = None) -> SurfaceReport:
    """Train the backbone and write its weights to `path`; the same settings give the same file on the same machine."""
    training = training or SurfaceTraining()
    with _deterministic(training.seed, training.num_threads):
        scenes = sample_scenes(training.num_scenes, [training.seed, _STREAM])
        backbone = timm.create_model(training.architecture, pretrained=False, num_classes=0)
        report = _fit(
            backbone, pixels(scenes, training.image_size), surface_targets(scenes), training
        )
    _save_atomically(backbone, path)
    return report


def _fit(
    backbone: nn.Module,
    images: UInt8[Tensor, "images 3 size size"],
    targets: dict[str, Int64[Tensor, " images"]],
    training: SurfaceTraining,
) -> SurfaceReport:
    """Train trunk and heads together; the heads end with this function."""
    dim = representation(backbone.eval(), normalise(images[:1])).shape[1]
    heads = nn.ModuleDict(
        {name: nn.Linear(dim, count) for name, count in SURFACE_CARDINALITIES.items()}
    )
    parameters = [*backbone.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(
        parameters, lr=training.learning_rate, weight_decay=training.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, training.learning_rate, total_steps=training.num_steps
    )
    backbone.train()
    correct: list[dict[str, float]] = []
    for rows in _batches(len(images), training):
        features = representation(backbone, normalise(images[rows]))
        logits = {name: head(features) for name, head in heads.items()}
        loss = torch.stack(
            [F.cross_entropy(logits[name], targets[name][rows]) for name in logits]
        ).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        correct.append(
            {
                name: (logits[name].argmax(1) == targets[name][rows]).float().mean().item()
                for name in logits
            }
        )
    backbone.eval()
    last = correct[-max(1, training.num_steps // 10) :]
    return SurfaceReport(
        accuracy={name: sum(step[name] for step in last) / len(last) for name in targets}
    )


def _batches(num_images: int, training: SurfaceTraining) -> Iterator[Int64[Tensor, " batch"]]:
    """Yield rows, each image once per epoch, until the steps are done."""
    rng = np.random.default_rng([training.seed, _STREAM, 1])
    size = min(training.batch_size, num_images)
    per_epoch = num_images // size
    for step in range(training.num_steps):
        if step % per_epoch == 0:
            order = torch.from_numpy(rng.permutation(num_images))
        start = step % per_epoch * size
        yield order[start : start + size]


@contextmanager
def _deterministic(seed: int, num_threads: int) -> Iterator[None]:
    """Seed torch and fix its thread count inside the block; both are put back afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(num_threads)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


def _save_atomically(backbone: nn.Module, path: Path) -> None:
    """Write the weights beside `path`, then move them there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        save_file(
            {name: tensor.contiguous() for name, tensor in backbone.state_dict().items()}, temporary
        )
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
