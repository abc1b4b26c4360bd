"""One training step: losses of whole groups, gradients averaged as (sum, count), and an update.

Knows no Ray and no file. Sums go over all ranks before anything is divided, so that two workers
with half a step each make the update that one worker makes.
"""

import operator
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from alignet_ray.functional.distillation import agrees_with_teacher, gram_loss, gram_matrices
from alignet_ray.functional.groups import num_triplets, triplet_positions
from alignet_ray.functional.losses import Divergence, kl_divergence
from alignet_ray.training.data import Batch, Part
from alignet_ray.training.learner import Learner
from alignet_ray.training.micro_batches import micro_batches
from alignet_ray.training.sources import Kind
from alignet_ray.training.update import apply_update
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
    """What one step tells: means over the triplets of all ranks, and how many these, their groups
    and the images of these were.

    A step without a triplet, where all its shards are broken, changes nothing and is all zeros.
    """

    loss: float
    accuracy: float
    gradient_norm: float
    squared_distance: float
    triplets: int
    groups: int
    images: int


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
    represent: Represent,
    batch: Batch,
    student_temperature: float,
    device: str,
    divergence: Divergence = kl_divergence,
) -> Totals:
    """Loss and agreement with the teacher, summed over all triplets of the batch."""
    vectors = represent_parts(represent, batch, device)
    parts = [
        _part_totals(z, part, student_temperature, device, divergence)
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
    divergence: Divergence,
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
        divergence=divergence,
    )
    with torch.no_grad():
        agreeing = agrees_with_teacher(student, teacher, triplets)
    return Totals(loss=losses.sum(), agreeing=agreeing.sum().double(), count=losses.numel())


def training_step(
    learner: Learner, batch: Batch, world: World, *, student_temperature: float
) -> StepFigures:
    """One update from this rank's share of a step, which may be empty: others' may not.

    The model averages its gradients over the ranks (DDP); the loss is scaled so that this average
    is the gradient of the mean over all triplets of all ranks.
    """
    learner.optimizer.zero_grad(set_to_none=True)
    count, groups, images = _counts_on_all_ranks(batch, world)
    if not count:
        zeros = dict.fromkeys(("loss", "accuracy", "gradient_norm", "squared_distance"), 0.0)
        return StepFigures(**zeros, triplets=0, groups=0, images=0)
    learner.model.train()
    sums = _accumulate_gradients(learner, batch, world, student_temperature, world.size / count)
    learner.model.eval()
    norm, distance = apply_update(learner.optimizer, learner.initial, learner.rule)
    numbers = torch.stack([*world.sum(sums)[:2], norm.double(), distance.double()])
    loss, agreeing, gradient_norm, squared_distance = numbers.tolist()
    return StepFigures(
        loss=loss / count,
        accuracy=agreeing / count,
        gradient_norm=gradient_norm,
        squared_distance=squared_distance,
        triplets=count,
        groups=groups,
        images=images,
    )


def _counts_on_all_ranks(batch: Batch, world: World) -> tuple[int, int, int]:
    """Triplets, groups and images of the step: needed before the first gradient."""
    groups = [len(part.pixels) for part in batch]
    triplets = [num_triplets(part.kind.strategy, part.kind.blocks) for part in batch]
    images = [part.kind.num_images for part in batch]
    own = (
        sum(map(operator.mul, groups, triplets)),
        sum(groups),
        sum(map(operator.mul, groups, images)),
    )
    if world.size == 1:
        return own
    count, num_groups, num_images = world.sum(torch.tensor(own, device=world.device)).tolist()
    return count, num_groups, num_images


def _accumulate_gradients(
    learner: Learner, batch: Batch, world: World, student_temperature: float, scale: float
) -> Float[Tensor, "3"]:
    """Gradients of scale * loss, pass after pass; returns the rank's loss, agreeing and count.

    Ranks exchange gradients in the last pass alone, so they may differ in how many they make.
    """
    pieces = list(micro_batches(batch, learner.micro_batch_images)) or [()]
    sums = torch.zeros(3, dtype=torch.float64, device=world.device)
    for place, piece in enumerate(pieces, 1):
        with _exchange(learner.model, is_due=place == len(pieces)):
            if piece:
                totals = batch_totals(
                    learner.model, piece, student_temperature, world.device, learner.divergence
                )
            else:
                totals = _no_triplets(learner, world.device)
            (totals.loss * scale).backward()
        sums += totals.stacked()
    return sums


def _exchange(model: nn.Module, *, is_due: bool) -> AbstractContextManager[None]:
    """Gradients are averaged over the ranks when it is due, and kept until then."""
    if is_due or not isinstance(model, DistributedDataParallel):
        return nullcontext()
    return model.no_sync()


def _no_triplets(learner: Learner, device: str) -> Totals:
    """A pass whose gradients are zero, for a rank without groups: the others wait for it."""
    side = learner.before.preprocessing.resolution
    pixels = torch.zeros(1, side, side, 3, dtype=torch.uint8, device=device)
    loss = learner.model(pixels).sum() * 0
    return Totals(loss=loss, agreeing=torch.zeros_like(loss).detach(), count=0)
