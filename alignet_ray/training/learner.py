"""The student while it trains: its network, its initial weights, its optimiser, and their state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import timm.layers
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from alignet_ray.config.backbone import OPEN_CLIP_PREFIX, ResolvedBackbone
from alignet_ray.config.train import TrainConfig
from alignet_ray.errors import ConfigError, InputError, RecordError
from alignet_ray.functional.losses import DIVERGENCES, Divergence
from alignet_ray.models.backbones import Backbone, load_backbone
from alignet_ray.models.plugins import import_plugins
from alignet_ray.models.tensor_float import forbid_tensor_float
from alignet_ray.training.network import Network, make_head
from alignet_ray.training.precision import with_precision
from alignet_ray.training.update import UpdateRule, make_optimizer
from alignet_ray.training.world import World

_NETWORK, _ADAM = "network.", "adam."
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True, kw_only=True)
class Learner:
    """`model` is the network, wrapped where several ranks average their gradients."""

    network: Network
    model: nn.Module
    initial: tuple[Tensor, ...]
    optimizer: torch.optim.Optimizer
    rule: UpdateRule
    divergence: Divergence
    micro_batch_images: int | None

    @property
    def backbone(self) -> Backbone:
        """The student itself, without the head that it trains through."""
        return self.network.backbone

    @property
    def before(self) -> ResolvedBackbone:
        """The backbone with its initial weights, as records name it."""
        return self.backbone.resolved

    def state(self) -> dict[str, Tensor]:
        """A copy, on the CPU, of all that training changes: weights, statistics and moments.

        Nothing is drawn at random in a step, and the schedule is a function of the step, so there
        is nothing else to keep.
        """
        tensors = {f"{_NETWORK}{name}": t for name, t in self.network.state_dict().items()}
        for name, parameter in _trained(self.network):
            for moment, tensor in self.optimizer.state.get(parameter, {}).items():
                tensors[f"{_ADAM}{name}.{moment}"] = tensor
        return {
            name: tensor.detach().to("cpu", copy=True).contiguous()
            for name, tensor in tensors.items()
        }

    def load_state(self, tensors: Mapping[str, Tensor], place: str) -> None:
        """Go on from a state. Raises RecordError, naming the place, for that of another student."""
        own = {k.removeprefix(_NETWORK): v for k, v in tensors.items() if k.startswith(_NETWORK)}
        try:
            self.network.load_state_dict(own)
        except RuntimeError as error:
            raise RecordError(
                " ".join(str(error).split())[:200], "the state of this student", place
            ) from error
        moments = {
            index: {m: tensors[f"{_ADAM}{name}.{m}"] for m in _MOMENTS}
            for index, (name, _) in enumerate(_trained(self.network))
            if f"{_ADAM}{name}.step" in tensors
        }
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})


def make_learner(config: TrainConfig, world: World, dtype: torch.dtype = torch.float32) -> Learner:
    """The student with its optimiser, alike on every rank; `dtype` is that of the weights."""
    import_plugins(config.plugins)
    forbid_tensor_float()
    backbone = load_backbone(config.student).to(device=world.device, dtype=dtype)
    freeze_unused(backbone)
    _prepare_trunk(backbone, config, world)
    network = _make_network(backbone, config, world).to(device=world.device, dtype=dtype)
    parameters = [parameter for _, parameter in _trained(network)]
    return Learner(
        network=network,
        model=_wrap(network, world),
        initial=tuple(p.detach().clone() for p in parameters),
        optimizer=make_optimizer(parameters),
        rule=UpdateRule(
            weight_decay_to_init=config.loss.weight_decay_to_init,
            decay=config.loss.decay,
            gradient_clip=config.gradient_clip,
        ),
        divergence=DIVERGENCES[config.loss.divergence],
        micro_batch_images=config.micro_batch_images,
    )


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


def _trained(network: Network) -> list[tuple[str, nn.Parameter]]:
    return [(name, p) for name, p in network.named_parameters() if p.requires_grad]


def _prepare_trunk(backbone: Backbone, config: TrainConfig, world: World) -> None:
    """What changes the trunk itself before it trains."""
    if config.batch_norm == "train" and world.size > 1:
        if not world.device.startswith("cuda"):
            raise ConfigError(
                f"train on {world.size} CPU workers", "one worker, or GPUs", "--batch-norm",
                "Statistics of all workers are made on GPUs alone.",
            )  # fmt: skip
        backbone.trunk = timm.layers.convert_sync_batchnorm(backbone.trunk)
    if config.gradient_checkpointing:
        _checkpoint_gradients(backbone, config.student.name)


def _checkpoint_gradients(backbone: Backbone, name: str) -> None:
    trunk: Any = backbone.trunk
    if name.startswith(OPEN_CLIP_PREFIX):
        trunk = getattr(trunk, "trunk", trunk)  # timm's own in open_clip's, which would hide that
    try:
        if type(trunk).__name__ == "ModifiedResNet":  # has the method, which does nothing
            raise AttributeError
        trunk.set_grad_checkpointing(True)
    except (AttributeError, AssertionError) as error:
        raise InputError(
            "no gradient checkpointing in this architecture", "a model that has it", name,
            "Leave --gradient-checkpointing out; --micro-batch-images saves memory too.",
        ) from error  # fmt: skip


def _make_network(backbone: Backbone, config: TrainConfig, world: World) -> Network:
    head = None
    if config.loss.head == "linear":
        head = make_head(backbone.resolved.dim, config.loss.head_dim, config.seed)
    network = Network(
        backbone,
        head,
        learns_temperature=config.loss.learn_temperature,
        is_half=with_precision(config, world.device).precision == "bfloat16",
        trains_batch_norm=config.batch_norm == "train",
    )
    if config.compile:
        network.compile()
    return network


def _wrap(network: Network, world: World) -> nn.Module:
    if world.size == 1:
        return network
    devices = [torch.device(world.device)] if world.device.startswith("cuda") else None
    return DistributedDataParallel(network, device_ids=devices)
