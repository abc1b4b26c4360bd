"""The temperature at which triplets have a wanted mean entropy, or fit given probabilities.

Raw dot products of two backbones differ by orders of magnitude; one temperature makes their
softmax distributions comparably sharp (UnAligNet's teacher, a student before training).
"""

import math

import numpy as np
from jaxtyping import Float

from alignet_ray.functional.odd_one_out import NUM_PAIRS

MAX_ENTROPY = math.log(NUM_PAIRS)
"""Entropy of the uniform distribution over three pairs, in nats: about 1.0986."""

_BISECTIONS = 200


def mean_entropy(similarities: Float[np.ndarray, "triplets 3"], temperature: float) -> float:
    """Mean Shannon entropy of softmax(similarities / temperature), in nats, in float64."""
    scaled = _below_largest(similarities) / temperature
    weights = np.exp(scaled)
    totals = weights.sum(axis=1)
    return float(np.mean(np.log(totals) - (weights * scaled).sum(axis=1) / totals))


def matching_temperature(
    similarities: Float[np.ndarray, "triplets 3"], target_mean_entropy: float
) -> float:
    """The temperature at which the mean entropy is the target; found by bisection of its log.

    The mean entropy rises with the temperature, from log(ties at the top) to log 3. Raises
    ValueError where no temperature gives the target.
    """
    gaps = -_below_largest(similarities)
    wide = gaps[gaps > 0]
    if not wide.size:
        raise ValueError("all similarities of every triplet are equal: no temperature matters")
    low, high = math.log(wide.min()) - 10.0, math.log(wide.max()) + 20.0
    reachable = (
        mean_entropy(similarities, math.exp(low)),
        mean_entropy(similarities, math.exp(high)),
    )
    if not reachable[0] <= target_mean_entropy <= reachable[1]:
        raise ValueError(
            f"target entropy {target_mean_entropy:.6g}; expected one between {reachable[0]:.6g} "
            f"and {reachable[1]:.6g} nats, which these similarities can reach"
        )
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if mean_entropy(similarities, math.exp(middle)) < target_mean_entropy:
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)


def spread(similarities: Float[np.ndarray, "triplets 3"]) -> float:
    """How far a triplet's similarities lie apart: their standard deviation inside a triplet.

    Root mean square about each triplet's own mean; that of the differences of two is sqrt(3) of
    it.
    """
    values = similarities.astype(np.float64)
    return float(np.sqrt(np.mean((values - values.mean(axis=1, keepdims=True)) ** 2)))


def spread_matching_temperature(
    similarities: Float[np.ndarray, "triplets 3"], target_spread: float
) -> float:
    """The temperature by which divided similarities have the wanted spread.

    Raises ValueError where no temperature gives it: one of the two spreads is 0.
    """
    own = spread(similarities)
    if not own > 0:
        raise ValueError("all similarities of every triplet are equal: no temperature matters")
    if not target_spread > 0:
        raise ValueError(f"target spread {target_spread:g}; expected more than 0")
    return own / target_spread


def best_temperature(
    similarities: Float[np.ndarray, "triplets 3"], probabilities: Float[np.ndarray, "triplets 3"]
) -> float:
    """The temperature whose softmax has the least mean cross-entropy with the probabilities.

    Convex in 1 / temperature, so its derivative, the expected similarity less that under the
    probabilities, has one root; found by bisection of its log. Where there is none (similarities
    that say nothing, or all that there is to say) the softest or the hardest temperature that was
    looked at; 1 where all similarities of every triplet are equal.
    """
    below = _below_largest(similarities)
    wide = -below[below < 0]
    if not wide.size:
        return 1.0
    wanted = float(np.mean((probabilities * below).sum(axis=1)))
    low, high = math.log(wide.min()) - 10.0, math.log(wide.max()) + 20.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if _mean_expectation(below, math.exp(middle)) > wanted:
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)


def _mean_expectation(below: Float[np.ndarray, "triplets 3"], temperature: float) -> float:
    """Mean of the similarities under their own softmax."""
    weights = np.exp(below / temperature)
    return float(np.mean((weights * below).sum(axis=1) / weights.sum(axis=1)))


def _below_largest(
    similarities: Float[np.ndarray, "triplets 3"],
) -> Float[np.ndarray, "triplets 3"]:
    """Each triplet's similarities less its largest: at most 0, differences kept."""
    values = similarities.astype(np.float64)
    return values - values.max(axis=1, keepdims=True)
