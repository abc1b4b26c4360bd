"""An honestly misaligned vision model: it knows the surface of pictures and was never told what
they show.

A small stock timm architecture is trained from scratch to name colour, texture, size and background
of freshly drawn scenes. Those are independent of the category, so nothing in its targets says what
belongs together; what it knows about shape it knows by the way. Its heads are thrown away and the
trunk saved as safetensors, so that

    timm.create_model(ARCHITECTURE, num_classes=0, checkpoint_path=path)

gives the backbone and `forward_head(forward_features(x), pre_logits=True)` its representation, for
pixels scaled to [0, 1] and normalised by mean 0.5 and standard deviation 0.5.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.torch
import timm
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from alignet_ray.demo_world.rendering import render
from alignet_ray.demo_world.scenes import SURFACE_CARDINALITIES, Scene, sample_scenes
from alignet_ray.errors import ConfigError
from alignet_ray.models.backbones import represent
from alignet_ray.records.store import Folder

ARCHITECTURE = "test_byobnet"
MEAN = 0.5
STD = 0.5

_STREAM = 7
"""Keeps the training scenes apart from those of the world that is drawn with the same seed."""
_ORDER_STREAM = 8
_REPORTED_SHARE = 0.2
"""The accuracy is that of the last steps, this share of all."""

Targets = dict[str, Int64[Tensor, " images"]]


@dataclass(frozen=True, kw_only=True, slots=True)
class SurfaceTraining:
    """How the surface backbone is trained: about 20 seconds of one core.

    One thread, because several wait for each other many times longer on a machine that is busy.

    More steps let colour and background drown the shape: in prototypes with 400 to 480 objects a
    transform fitted to the observers had an accuracy of 0.56, 0.53 and 0.49 on held-out objects
    after 40, 80 and 150 steps.
    """

    architecture: str = ARCHITECTURE
    image_size: int = 96
    num_scenes: int = 1600
    num_steps: int = 40
    batch_size: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    num_threads: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("image_size", "num_scenes", "num_steps", "batch_size", "num_threads"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} = {getattr(self, name)}", "1 or more", "SurfaceTraining")


@dataclass(frozen=True, kw_only=True, slots=True)
class SurfaceReport:
    """Accuracy by surface attribute, on the batches of the last steps before they were learned."""

    accuracy: dict[str, float]


def pixels(scenes: Sequence[Scene], image_size: int) -> UInt8[Tensor, "images 3 size size"]:
    """Scenes rendered into one tensor."""
    stack = np.stack([np.asarray(render(scene, image_size)) for scene in scenes])
    return torch.from_numpy(stack).permute(0, 3, 1, 2).contiguous()


def normalised(images: UInt8[Tensor, "images 3 size size"]) -> Float[Tensor, "images 3 size size"]:
    """Pixels as the backbone expects them."""
    return (images.float() / 255 - MEAN) / STD


def surface_targets(scenes: Sequence[Scene]) -> Targets:
    """What the backbone learns to name: surface attributes, and nothing else."""
    return {
        name: torch.tensor([scene.surface()[name] for scene in scenes])
        for name in SURFACE_CARDINALITIES
    }


def train_surface_backbone(path: Path, training: SurfaceTraining | None = None) -> SurfaceReport:
    """Train the backbone and write its weights to `path`, atomically.

    The same settings give the same file on the same machine.
    """
    training = training or SurfaceTraining()
    with _deterministic(training.seed, training.num_threads):
        scenes = sample_scenes(training.num_scenes, [training.seed, _STREAM])
        trunk = timm.create_model(training.architecture, pretrained=False, num_classes=0)
        images = pixels(scenes, training.image_size)
        report = _fit(trunk, images, surface_targets(scenes), training)
    weights = {name: tensor.contiguous() for name, tensor in trunk.state_dict().items()}
    Folder.at(str(path.parent)).write(path.name, safetensors.torch.save(weights))
    return report


def _fit(
    trunk: nn.Module,
    images: UInt8[Tensor, "images 3 size size"],
    targets: Targets,
    training: SurfaceTraining,
) -> SurfaceReport:
    """Train trunk and heads together; the heads end with this function."""
    heads = _new_heads(trunk, images)
    parameters = [*trunk.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(
        parameters, lr=training.learning_rate, weight_decay=training.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, training.learning_rate, total_steps=training.num_steps + 1
    )
    history: list[dict[str, float]] = []
    trunk.train()
    for rows in _batches(len(images), training):
        features = represent(trunk, normalised(images[rows]), "pre_logits")
        logits = {name: head(features) for name, head in heads.items()}
        losses = [F.cross_entropy(logits[name], targets[name][rows]) for name in logits]
        optimizer.zero_grad()
        torch.stack(losses).sum().backward()
        optimizer.step()
        schedule.step()
        history.append({name: _accuracy(logits[name], targets[name][rows]) for name in logits})
    trunk.eval()
    last = history[-max(1, round(_REPORTED_SHARE * len(history))) :]
    return SurfaceReport(
        accuracy={name: sum(step[name] for step in last) / len(last) for name in targets}
    )


def _new_heads(trunk: nn.Module, images: UInt8[Tensor, "images 3 size size"]) -> nn.ModuleDict:
    """One linear classifier per surface attribute."""
    with torch.no_grad():
        dim = represent(trunk.eval(), normalised(images[:1]), "pre_logits").shape[1]
    return nn.ModuleDict(
        {name: nn.Linear(dim, count) for name, count in SURFACE_CARDINALITIES.items()}
    )


def _accuracy(logits: Float[Tensor, "batch values"], wanted: Int64[Tensor, " batch"]) -> float:
    return (logits.argmax(1) == wanted).float().mean().item()


def _batches(num_images: int, training: SurfaceTraining) -> Iterator[Int64[Tensor, " batch"]]:
    """Rows, each image once per epoch, until the steps are done."""
    rng = np.random.default_rng([training.seed, _ORDER_STREAM])
    size = min(training.batch_size, num_images)
    per_epoch = num_images // size
    order = rng.permutation(num_images)
    for step in range(training.num_steps):
        if step and step % per_epoch == 0:
            order = rng.permutation(num_images)
        start = step % per_epoch * size
        yield torch.from_numpy(order[start : start + size])


@contextmanager
def _deterministic(seed: int, num_threads: int) -> Generator[None]:
    """Seeds torch and fixes its thread count inside the block; both are put back afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(num_threads)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
