"""Fits the affine map step by step; whoever asks for steps decides when to stop.

The result is a running average of the map over the steps, or the last map (averaging 0): near the
end Adam's own map jumps from step to step, and its average does not. All triplets of a step share
one Gram matrix of all objects, so a step costs nearly the same for a thousand triplets as for a
hundred thousand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from alignet_ray.functional.affine_map import AffineMap
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.functional.transform_losses import LocalTerm, SoftTriplets, objective

Optimizer = Literal["adam", "sgd"]

_SGD_MOMENTUM = 0.9
_INT32_PLACES = 1 << 31


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How the map is fitted."""

    regularisation: float
    learning_rate: float
    batch_size: int
    local_batch_size: int
    initial_scale: float
    gradient_clip: float
    averaging: float
    optimizer: Optimizer
    seed: int


def steps_per_epoch(num_triplets: int, batch_size: int) -> int:
    """Steps of one pass over the training triplets."""
    return -(-num_triplets // batch_size)


def fit_steps(
    features: Float[Tensor, "objects dim"],
    train: SoftTriplets,
    settings: FitSettings,
    local: LocalTerm | None = None,
) -> Iterator[AffineMap]:
    """The averaged map after each step, without end; it goes on changing: copy what is kept.

    Starts at W = initial_scale I, b = initial_scale; features are standardised.
    """
    shown, data = compact(features, train)
    affine = _initial_map(features, settings.initial_scale)
    average = affine.detached()
    optimizer = _optimizer(affine, settings)
    stream = RandomStream(settings.seed, "fit_epochs")
    locals_ = _local_batches(local, settings)
    step = 0
    while True:
        for batch in _batches(data, settings.batch_size, stream):
            optimizer.zero_grad()
            # A small batch shows few of the objects: the others need no products.
            is_small = batch.triplets.numel() < len(shown)
            used, own = compact(shown, batch) if is_small else (shown, batch)
            loss = objective(affine, used, own, settings.regularisation, next(locals_))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(affine, settings.gradient_clip)
            optimizer.step()
            step += 1
            _follow(average, affine, step, settings.averaging)
            yield average


@torch.no_grad()
def _follow(average: AffineMap, affine: AffineMap, step: int, decay: float) -> None:
    """Move the running average; in the first steps it forgets its start sooner."""
    share = 1 - min(decay, (step - 1) / (step + 8))
    for mean, now in zip(average, affine, strict=True):
        mean.lerp_(now, share)


def compact(
    features: Float[Tensor, "objects dim"], data: SoftTriplets
) -> tuple[Float[Tensor, "shown dim"], SoftTriplets]:
    """Only the objects that the triplets show, and the triplets numbered by them."""
    shown, renumbered = data.triplets.unique(return_inverse=True)
    # Places in the Gram matrix are gathered twice as fast where they are 32 bits wide.
    rows = renumbered.int() if len(shown) ** 2 < _INT32_PLACES else renumbered
    return features[shown], SoftTriplets(rows, data.probabilities.to(features))


def _initial_map(features: Float[Tensor, "objects dim"], scale: float) -> AffineMap:
    dim = features.shape[1]
    weight = scale * torch.eye(dim).to(features)
    bias = torch.full((dim,), scale).to(features)
    return AffineMap(weight.requires_grad_(), bias.requires_grad_())


def _optimizer(affine: AffineMap, settings: FitSettings) -> torch.optim.Optimizer:
    if settings.optimizer == "adam":
        return torch.optim.Adam(affine, lr=settings.learning_rate)
    return torch.optim.SGD(affine, lr=settings.learning_rate, momentum=_SGD_MOMENTUM)


def _batches(data: SoftTriplets, batch_size: int, stream: RandomStream) -> Iterator[SoftTriplets]:
    """One pass in seeded batches of near equal size."""
    num_triplets = len(data.triplets)
    num_steps = steps_per_epoch(num_triplets, batch_size)
    if num_steps == 1:  # all at once, in any order
        yield data
        return
    order = torch.from_numpy(stream.permutation(num_triplets)).to(data.triplets.device)
    for rows in order.tensor_split(num_steps):
        yield data.rows(rows)


def _local_batches(local: LocalTerm | None, settings: FitSettings) -> Iterator[LocalTerm | None]:
    """Seeded minibatches of other images, one pass after the other, without end."""
    stream = RandomStream(settings.seed, "fit_epochs", "local")
    while True:
        if local is None:
            yield None
            continue
        num_images = len(local.features)
        order = torch.from_numpy(stream.permutation(num_images))
        for rows in order.tensor_split(-(-num_images // settings.local_batch_size)):
            yield local.rows(rows)
