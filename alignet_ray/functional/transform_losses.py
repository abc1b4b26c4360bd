"""The one loss of all transforms (method: section 3), its terms as small functions.

    (1 - a) mean_s [ - sum_pairs p*_s log softmax_pairs( x'_i . x'_j ) ]        x' = W x + b
        + a mean_i [ - sum_j q_ij log q'_ij ]
        + regularisation ||W - alpha I||_F^2 ,      alpha = trace(W) / dim

p* soft is uncertainty distillation, one-hot is hard alignment, a = local_weight > 0 is gLocal:
q and q' are row-softmaxes of cosines / local_temperature between other images, the image itself
left out, of their original and of their transformed features.
"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from alignet_ray.functional.affine_map import AffineMap
from alignet_ray.functional.groups import gram_pair_similarities
from alignet_ray.functional.odd_one_out import pair_log_probabilities


class SoftTriplets(NamedTuple):
    """Triplets of object rows and the human probabilities of their pairs, in pair order."""

    triplets: Int[Tensor, "triplets 3"]
    probabilities: Float[Tensor, "triplets 3"]

    def rows(self, rows: Int[Tensor, "chosen"]) -> "SoftTriplets":
        """Some of them."""
        return SoftTriplets(self.triplets[rows], self.probabilities[rows])


class LocalTerm(NamedTuple):
    """Other images: original features, the same as the map takes them, and how they weigh."""

    original: Float[Tensor, "images original_dim"]
    features: Float[Tensor, "images dim"]
    weight: float
    temperature: float

    def rows(self, rows: Int[Tensor, "chosen"]) -> "LocalTerm":
        """Some of them."""
        return self._replace(original=self.original[rows], features=self.features[rows])


class _SelfGram(torch.autograd.Function):
    """V V^T, whose gradient (G + G^T) V takes one product; autograd alone makes two of it."""

    @staticmethod
    def forward(ctx: Any, vectors: Tensor) -> Tensor:
        ctx.save_for_backward(vectors)
        return vectors @ vectors.T

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        (vectors,) = ctx.saved_tensors
        (gradient,) = grad_outputs
        return (gradient + gradient.T) @ vectors


def self_gram(vectors: Float[Tensor, "rows dim"]) -> Float[Tensor, "rows rows"]:
    """Dot products of all pairs of rows."""
    gram: Tensor = _SelfGram.apply(vectors)  # type: ignore[no-untyped-call]
    return gram


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
    gram = self_gram(affine.apply(features))
    similarities = gram_pair_similarities(gram, data.triplets)
    return cross_entropy(similarities, data.probabilities).mean()


def local_cross_entropy(
    original: Float[Tensor, "images original_dim"],
    transformed: Float[Tensor, "images dim"],
    temperature: float,
) -> Float[Tensor, "images"]:
    """- sum_j q_ij log q'_ij, one value per image; the original is a fixed target."""
    with torch.no_grad():
        targets = _log_neighbours(original, temperature).exp()
    ours = _log_neighbours(transformed, temperature)
    # On the diagonal 0 times minus infinity would be NaN.
    return -torch.where(targets > 0, targets * ours, 0.0).sum(-1)


def _log_neighbours(
    features: Float[Tensor, "images dim"], temperature: float
) -> Float[Tensor, "images images"]:
    """Log softmax of cosines / temperature along each row, without the image itself."""
    cosines = self_gram(torch.nn.functional.normalize(features, dim=-1)) / temperature
    return torch.log_softmax(cosines.fill_diagonal_(-torch.inf), dim=-1)


def objective(
    affine: AffineMap,
    features: Float[Tensor, "objects dim"],
    data: SoftTriplets,
    regularisation: float,
    local: LocalTerm | None = None,
) -> Float[Tensor, ""]:
    """The whole loss on some triplets and, for gLocal, some other images."""
    fit = mean_cross_entropy(affine, features, data)
    if local is not None:
        moved = affine.apply(local.features)
        kept = local_cross_entropy(local.original, moved, local.temperature).mean()
        fit = (1 - local.weight) * fit + local.weight * kept
    return fit + regularisation * distance_to_identity(affine.weight)
