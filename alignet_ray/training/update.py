"""From gradients to new weights: decay to initialisation, norm and clip, and Adam."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from alignet_ray.config.distillation import Decay

_ADAM_BETAS = (0.9, 0.999)
_ADAM_EPSILON = 1e-8


@dataclass(frozen=True, kw_only=True)
class UpdateRule:
    """How a step moves the weights, but for the learning rate, which the optimiser holds."""

    weight_decay_to_init: float
    decay: Decay = "coupled"
    gradient_clip: float | None = None


def make_optimizer(parameters: Sequence[nn.Parameter]) -> torch.optim.Adam:
    """Adam as released; its learning rate is set before every step."""
    return torch.optim.Adam(parameters, lr=0.0, betas=_ADAM_BETAS, eps=_ADAM_EPSILON)


def apply_update(
    optimizer: torch.optim.Optimizer, initial: Sequence[Tensor], rule: UpdateRule
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Move the weights; returns the gradient's norm, unclipped and with coupled decay, and the
    squared distance from the initial weights before the move.
    """
    (group,) = optimizer.param_groups
    parameters: list[nn.Parameter] = group["params"]
    if rule.decay == "coupled":
        distance = add_decay_to_init(parameters, initial, rule.weight_decay_to_init)
    else:
        distance = pull_to_init(parameters, initial, group["lr"] * rule.weight_decay_to_init)
    norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    if rule.gradient_clip is not None:
        torch.nn.utils.clip_grads_with_norm_(parameters, rule.gradient_clip, norm)
    optimizer.step()
    return norm, distance


def add_decay_to_init(
    parameters: Sequence[nn.Parameter], initial: Sequence[Tensor], factor: float
) -> Float[Tensor, ""]:
    """Add the gradient of factor * ||theta - theta*||^2; returns the squared distance itself.

    Coupled, as in the paper (method: section 5): Adam sees the sum.
    """
    squares: list[Tensor] = []
    for parameter, offset in _offsets(parameters, initial):
        assert parameter.grad is not None
        parameter.grad.add_(offset, alpha=2 * factor)
        squares.append(offset.square().sum())
    return torch.stack(squares).sum()


def pull_to_init(
    parameters: Sequence[nn.Parameter], initial: Sequence[Tensor], part: float
) -> Float[Tensor, ""]:
    """Go this part of the way back to the initial weights; returns the squared distance before.

    Decoupled, as in the released code: Adam does not see it. The way back is measured before
    Adam's move, so that both moves start from the same weights.
    """
    squares: list[Tensor] = []
    with torch.no_grad():
        for parameter, offset in _offsets(parameters, initial):
            parameter.sub_(offset, alpha=part)
            squares.append(offset.square().sum())
    return torch.stack(squares).sum()


@torch.no_grad()
def _offsets(
    parameters: Sequence[nn.Parameter], initial: Sequence[Tensor]
) -> Iterator[tuple[nn.Parameter, Tensor]]:
    for parameter, start in zip(parameters, initial, strict=True):
        yield parameter, parameter - start
