"""Human pair probabilities from a Gaussian embedding of objects (method: section 2, posterior).

p*(pair) = 1/R sum_r softmax_pairs(Z_r Z_r^T) ,   Z_r = relu(mean + scale * noise_r)
"""

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from alignet_ray.functional.groups import gram_pair_similarities
from alignet_ray.functional.odd_one_out import pair_log_probabilities, pair_similarities
from alignet_ray.functional.torch_streams import keyed_generator

_TRIPLETS_AT_ONCE = 1 << 18


def posterior_probabilities(
    mean: Float[np.ndarray, "objects dims"],
    scale: Float[np.ndarray, "objects dims"],
    triplets: Int[np.ndarray, "triplets 3"],
    *,
    num_samples: int,
    seed: int,
) -> Float32[np.ndarray, "triplets 3"]:
    """Mean over `num_samples` samples of the softmax of dot products, in pair order.

    One sample of all objects serves all triplets.
    """
    generator = keyed_generator(seed, "vice_posterior")
    centre, width = (torch.from_numpy(part.astype(np.float32)) for part in (mean, scale))
    rows = torch.from_numpy(triplets)
    total = torch.zeros(len(triplets), 3)
    for _ in range(num_samples):
        sample = centre + width * torch.randn(centre.shape, generator=generator)
        _add_probabilities(total, sample.relu(), rows)
    return (total / num_samples).numpy()


def pair_probabilities(
    mean: Float[np.ndarray, "objects dims"],
    scale: Float[np.ndarray, "objects dims"] | None,
    triplets: Int[np.ndarray, "triplets 3"],
    *,
    num_samples: int,
    seed: int,
) -> Float[np.ndarray, "triplets 3"]:
    """What an embedding says of triplets: its posterior, or without a scale its dot products."""
    if scale is not None:
        return posterior_probabilities(mean, scale, triplets, num_samples=num_samples, seed=seed)
    similarities = torch.from_numpy(pair_similarities(mean, triplets))
    return pair_log_probabilities(similarities).exp().numpy()


def log_probabilities(
    probabilities: Float[np.ndarray, "*shape"],
) -> Float[np.ndarray, "*shape"]:
    """Logs in float64; a probability that is 0 in every sample is the least that can be written."""
    return np.log(np.maximum(probabilities.astype(np.float64), np.finfo(np.float64).tiny))


def _add_probabilities(
    total: Float[Tensor, "triplets 3"],
    embedding: Float[Tensor, "objects dims"],
    triplets: Int[Tensor, "triplets 3"],
) -> None:
    gram = embedding @ embedding.T
    for start in range(0, len(triplets), _TRIPLETS_AT_ONCE):
        rows = slice(start, start + _TRIPLETS_AT_ONCE)
        similarities = gram_pair_similarities(gram, triplets[rows])
        total[rows] += pair_log_probabilities(similarities).exp()
