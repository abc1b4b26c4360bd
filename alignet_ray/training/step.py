"""One training step: losses of whole groups, gradients averaged as (sum, count), and an update.

Knows no Ray and no file. Sums go over all ranks before anything is divided, so that two workers
with half a step each make the update that one worker makes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn

from alignet_ray.functional.distillation import agrees_with_teacher, gram_loss, gram_matrices
from alignet_ray.functional.groups import triplet_positions
from alignet_ray.training.data import Batch, Part
from alignet_ray.training.sources import Kind
from alignet_ray.training.world import World

Represent = Callable[[UInt8[Tensor, "images side side 3"]], Float[Tensor, "images dim"]]


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Sums over the triplets of a batch; `loss` carries the gradient."""

    loss: Float[Tensor, ""]
    agreeing: Float[Tensor, ""]
    count: int

    def stacked(self) -> Float[Tensor, "3"]:
        """Loss, agreeing and count as plain float64 numbers, ready to be summed over ranks."""
        numbers = [self.loss.detach().double(), self.agreeing.double()]
        return torch.stack([*numbers, torch.full_like(numbers[0], self.count)])


@dataclass(frozen=True, kw_only=True)
class StepFigures:
    """What one step tells: means over the triplets of all ranks."""

    loss: float
    accuracy: float
    gradient_norm: float
    squared_distance: float


@lru_cache(maxsize=64)
def positions(kind: Kind, device: str) -> Int[Tensor, "triplets 3"]:
    """Positions of a group's triplets, on the device."""
    return torch.from_numpy(triplet_positions(kind.strategy, kind.blocks)).to(device)


def represent_parts(
    represent: Represent, batch: Batch, device: str
) -> list[Float[Tensor, "groups images dim"]]:
    """Representations of each part of the batch, from one forward pass over all its images."""
    pixels = [torch.from_numpy(part.pixels).flatten(0, 1) for part in batch]
    vectors = represent(torch.cat(pixels).to(device, non_blocking=True))
    pieces = vectors.split([len(images) for images in pixels])
    return [
        piece.unflatten(0, part.similarities.shape[:2])
        for piece, part in zip(pieces, batch, strict=True)
    ]


def batch_totals(
    represent: Represent, batch: Batch, student_temperature: float, device: str
) -> Totals:
    """Loss and agreement with the teacher, summed over all triplets of the batch."""
    vectors = represent_parts(represent, batch, device)
    parts = [
        _part_totals(z, part, student_temperature, device)
        for z, part in zip(vectors, batch, strict=True)
    ]
    return Totals(
        loss=torch.stack([part.loss for part in parts]).sum(),
        agreeing=torch.stack([part.agreeing for part in parts]).sum(),
        count=sum(part.count for part in parts),
    )


def _part_totals(
    vectors: Float[Tensor, "groups images dim"],
    part: Part,
    student_temperature: float,
    device: str,
) -> Totals:
    student = gram_matrices(vectors)
    teacher = torch.from_numpy(part.similarities).to(device)
    triplets = positions(part.kind, device)
    losses = gram_loss(
        student,
        teacher,
        triplets,
        student_temperature=student_temperature,
        teacher_temperature=part.kind.teacher_temperature,
    )
    with torch.no_grad():
        agreeing = agrees_with_teacher(student, teacher, triplets)
    return Totals(loss=losses.sum(), agreeing=agreeing.sum().double(), count=losses.numel())


def add_decay_to_init(
    parameters: Sequence[nn.Parameter], initial: Sequence[Tensor], factor: float
) -> Float[Tensor, ""]:
    """Add the gradient of factor * ||theta - theta*||^2; returns the squared distance itself.

    Coupled, as in the paper (method: section 5): Adam sees the sum. Parameters without a gradient
    do not move, so they add nothing.
    """
    squares: list[Tensor] = []
    with torch.no_grad():
        for parameter, start in zip(parameters, initial, strict=True):
            assert parameter.grad is not None
            offset = parameter - start
            parameter.grad.add_(offset, alpha=2 * factor)
            squares.append(offset.square().sum())
    return torch.stack(squares).sum()


def training_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    initial: Sequence[Tensor],
    batch: Batch,
    world: World,
    *,
    student_temperature: float,
    weight_decay_to_init: float,
) -> StepFigures:
    """One update from this rank's share of a step.

    `model` averages its gradients over the ranks (DDP); the loss is scaled so that this average
    is the gradient of the mean over all triplets of all ranks.
    """
    parameters: list[nn.Parameter] = optimizer.param_groups[0]["params"]
    optimizer.zero_grad(set_to_none=True)
    totals = batch_totals(model, batch, student_temperature, world.device)
    loss, agreeing, count = world.sum(totals.stacked()).tolist()
    (totals.loss * (world.size / count)).backward()
    distance = add_decay_to_init(parameters, initial, weight_decay_to_init)
    norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    optimizer.step()
    return StepFigures(
        loss=loss / count,
        accuracy=agreeing / count,
        gradient_norm=norm.item(),
        squared_distance=distance.item(),
    )
