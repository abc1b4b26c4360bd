"""Fits the affine map into the human-like space (method: section 3, uncertainty distillation).

    mean_s [ - sum_pairs p*_s log softmax_pairs( (W x_i + b).(W x_j + b) ) ]
        + regularisation * ||W - alpha I||_F^2 ,      alpha = trace(W) / dim

All triplets of a step share one Gram matrix of all objects, so a step costs the same for a hundred
triplets as for a hundred thousand. Early stopping looks at objects that the fit never sees.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from alignet_ray.functional.groups import gram_pair_similarities
from alignet_ray.functional.odd_one_out import pair_log_probabilities
from alignet_ray.functional.random_streams import RandomStream

Optimizer = Literal["adam", "sgd"]
OnStep = Callable[["FitStep"], None]

_SGD_MOMENTUM = 0.9


class SoftTriplets(NamedTuple):
    """Triplets of object rows and the human probabilities of their pairs, in pair order."""

    triplets: Int[Tensor, "triplets 3"]
    probabilities: Float[Tensor, "triplets 3"]

    def rows(self, rows: Int[Tensor, "chosen"]) -> "SoftTriplets":
        """Some of them."""
        return SoftTriplets(self.triplets[rows], self.probabilities[rows])


class AffineMap(NamedTuple):
    """x' = weight x + bias, for standardised x."""

    weight: Float[Tensor, "dim dim"]
    bias: Float[Tensor, "dim"]

    def apply(self, features: Float[Tensor, "objects dim"]) -> Float[Tensor, "objects dim"]:
        """Transformed features."""
        return features @ self.weight.T + self.bias


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How the map is fitted; an epoch is one pass over the training triplets."""

    regularisation: float
    learning_rate: float
    batch_size: int
    max_epochs: int
    patience: int
    initial_scale: float
    gradient_clip: float
    optimizer: Optimizer
    seed: int


class FitStep(NamedTuple):
    """One epoch of the history: objective of its last batch, cross-entropy on validation."""

    epoch: int
    train_objective: float
    validation_cross_entropy: float


class FitResult(NamedTuple):
    """The map with the lowest validation cross-entropy, its epoch (0: none), all epochs."""

    affine: AffineMap
    best_epoch: int
    history: tuple[FitStep, ...]


def scalar_standardisation(features: Float[np.ndarray, "objects dim"]) -> tuple[float, float]:
    """Mean and standard deviation of the whole matrix, one number each."""
    values = features.astype(np.float64)
    return float(values.mean()), float(values.std())


def hold_out(num_objects: int, fraction: float, seed: int) -> Bool[np.ndarray, "{num_objects}"]:
    """Which objects are held out: the first round(fraction * n) of a seeded permutation."""
    order = RandomStream(seed, "hold_out").permutation(num_objects)
    held_out = np.zeros(num_objects, dtype=bool)
    held_out[order[: round(fraction * num_objects)]] = True
    return held_out


def is_within(
    triplets: Int[np.ndarray, "triplets 3"], objects: Bool[np.ndarray, "objects"]
) -> Bool[np.ndarray, "triplets"]:
    """Whether all three objects of a triplet are among the marked ones."""
    return np.logical_and.reduce(objects[triplets], axis=1)


def random_triplets(
    objects: Int[np.ndarray, "objects"], count: int, stream: RandomStream
) -> Int[np.ndarray, "{count} 3"]:
    """`count` triplets of distinct objects, each drawn uniformly among the given (3 or more)."""
    return objects[stream.distinct_integers(np.full(count, len(objects)), 3)]


def distance_to_identity(weight: Float[Tensor, "dim dim"]) -> Float[Tensor, ""]:
    """||W - alpha I||_F^2 with alpha = trace(W) / dim."""
    diagonal = weight.diagonal()
    return weight.square().sum() - diagonal.sum().square() / len(diagonal)


def cross_entropy(
    similarities: Float[Tensor, "triplets 3"], probabilities: Float[Tensor, "triplets 3"]
) -> Float[Tensor, "triplets"]:
    """- sum_pairs p* log softmax(similarities), one value per triplet."""
    log_probabilities = pair_log_probabilities(similarities)
    return -torch.where(probabilities > 0, probabilities * log_probabilities, 0.0).sum(-1)


def mean_cross_entropy(
    affine: AffineMap, features: Float[Tensor, "objects dim"], data: SoftTriplets
) -> Float[Tensor, ""]:
    """Mean over triplets, through one Gram matrix of all objects."""
    transformed = affine.apply(features)
    similarities = gram_pair_similarities(transformed @ transformed.T, data.triplets)
    return cross_entropy(similarities, data.probabilities).mean()


def objective(
    affine: AffineMap,
    features: Float[Tensor, "objects dim"],
    data: SoftTriplets,
    regularisation: float,
) -> Float[Tensor, ""]:
    """Mean soft cross-entropy plus the pull towards a multiple of the identity."""
    fit = mean_cross_entropy(affine, features, data)
    return fit + regularisation * distance_to_identity(affine.weight)


def fit_affine(
    features: Float[Tensor, "objects dim"],
    train: SoftTriplets,
    validation: SoftTriplets,
    settings: FitSettings,
    on_step: OnStep = lambda _step: None,
) -> FitResult:
    """The map that fits standardised features to human probabilities.

    Starts at W = initial_scale * I, b = initial_scale; stops after `patience` epochs without a
    lower validation cross-entropy and returns the best state, of the start too.
    """
    train_part, validation_part = _compact(features, train), _compact(features, validation)
    affine = _initial_map(features, settings.initial_scale)
    optimizer = _optimizer(affine, settings)
    stream = RandomStream(settings.seed, "fit_affine")
    best, best_epoch = _detached(affine), 0
    lowest = _validate(affine, validation_part)
    history: list[FitStep] = []
    for epoch in range(1, settings.max_epochs + 1):
        last = _train_epoch(affine, train_part, optimizer, settings, stream)
        history.append(FitStep(epoch, last, _validate(affine, validation_part)))
        on_step(history[-1])
        if history[-1].validation_cross_entropy < lowest:
            lowest = history[-1].validation_cross_entropy
            best, best_epoch = _detached(affine), epoch
        if epoch - best_epoch >= settings.patience:
            break
    return FitResult(best, best_epoch, tuple(history))


class _Part(NamedTuple):
    """Only the objects that the triplets show, and the triplets numbered by them."""

    features: Float[Tensor, "objects dim"]
    data: SoftTriplets


def _compact(features: Float[Tensor, "objects dim"], data: SoftTriplets) -> _Part:
    shown, renumbered = data.triplets.unique(return_inverse=True)
    return _Part(features[shown], SoftTriplets(renumbered, data.probabilities.to(features)))


def _initial_map(features: Float[Tensor, "objects dim"], scale: float) -> AffineMap:
    dim = features.shape[1]
    weight = scale * torch.eye(dim).to(features)
    bias = torch.full((dim,), scale).to(features)
    return AffineMap(weight.requires_grad_(), bias.requires_grad_())


def _optimizer(affine: AffineMap, settings: FitSettings) -> torch.optim.Optimizer:
    if settings.optimizer == "adam":
        return torch.optim.Adam(affine, lr=settings.learning_rate)
    return torch.optim.SGD(affine, lr=settings.learning_rate, momentum=_SGD_MOMENTUM)


def _train_epoch(
    affine: AffineMap,
    part: _Part,
    optimizer: torch.optim.Optimizer,
    settings: FitSettings,
    stream: RandomStream,
) -> float:
    """One pass in seeded batches of near equal size; the objective of the last one."""
    loss = torch.zeros(())
    for data in _batches(part.data, settings.batch_size, stream):
        optimizer.zero_grad()
        loss = objective(affine, part.features, data, settings.regularisation)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(affine, settings.gradient_clip)
        optimizer.step()
    return float(loss.detach())


def _batches(data: SoftTriplets, batch_size: int, stream: RandomStream) -> Iterator[SoftTriplets]:
    num_triplets = len(data.triplets)
    if num_triplets <= batch_size:  # all at once, in any order
        yield data
        return
    order = torch.from_numpy(stream.permutation(num_triplets)).to(data.triplets.device)
    for rows in order.tensor_split(-(-num_triplets // batch_size)):
        yield data.rows(rows)


@torch.no_grad()
def _validate(affine: AffineMap, part: _Part) -> float:
    return float(mean_cross_entropy(affine, part.features, part.data))


def _detached(affine: AffineMap) -> AffineMap:
    return AffineMap(affine.weight.detach().clone(), affine.bias.detach().clone())
