"""The student while it trains: its trunk, its initial weights, its optimiser.

BatchNorm keeps its running statistics and dropout is off (evaluation mode) while all weights
train: the statistics of a batch would make two workers differ from one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.config.train import TrainConfig
from alignet_ray.models.backbones import Backbone, import_plugins, load_backbone
from alignet_ray.training.world import World

_ADAM_BETAS = (0.9, 0.999)
_ADAM_EPSILON = 1e-8


@dataclass(frozen=True, kw_only=True)
class Learner:
    """`model` is the backbone, wrapped where several ranks average their gradients."""

    backbone: Backbone
    model: nn.Module
    initial: tuple[Tensor, ...]
    optimizer: torch.optim.Optimizer

    @property
    def before(self) -> ResolvedBackbone:
        """The backbone with its initial weights, as records name it."""
        return self.backbone.resolved


def make_learner(
    config: TrainConfig, world: World, precision: torch.dtype = torch.float32
) -> Learner:
    """The student with its optimiser, alike on every rank."""
    import_plugins(config.plugins)
    backbone = load_backbone(config.student).to(device=world.device, dtype=precision)
    freeze_unused(backbone)
    model = _wrap(backbone, world)
    parameters = [p for p in backbone.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(
        parameters, lr=config.learning_rate, betas=_ADAM_BETAS, eps=_ADAM_EPSILON
    )
    initial = tuple(p.detach().clone() for p in parameters)
    return Learner(backbone=backbone, model=model, initial=initial, optimizer=optimizer)


def freeze_unused(backbone: Backbone) -> None:
    """Take weights that the representation does not depend on out of training.

    A classifier behind the representation gets no gradient, and DDP would wait for it forever.
    """
    side = backbone.resolved.preprocessing.resolution
    device = backbone.mean.device
    pixels = torch.zeros(2, side, side, 3, dtype=torch.uint8, device=device)
    parameters = [p for p in backbone.parameters() if p.requires_grad]
    found = torch.autograd.grad(backbone(pixels).sum(), parameters, allow_unused=True)
    gradients = cast("Sequence[Tensor | None]", found)  # torch declares no None
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.requires_grad_(gradient is not None)


def _wrap(backbone: Backbone, world: World) -> nn.Module:
    if world.size == 1:
        return backbone
    devices = [torch.device(world.device)] if world.device.startswith("cuda") else None
    return DistributedDataParallel(backbone, device_ids=devices)
