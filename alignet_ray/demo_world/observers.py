"""Simulated people: they judge images by meaning alone, under a law that is known exactly.

Of three images a person calls the pair that shares most levels of the category tree most similar, and the third image
the odd one out, with probability

    P(pair) = softmax(sharpness * levels shared by the pair)          in pair order (01, 02, 12).

Because the law is known, the best accuracy that any model can reach (the ceiling) is known too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.demo_world.categories import levels_shared

PAIRS: tuple[tuple[int, int], ...] = ((0, 1), (0, 2), (1, 2))
"""Pair order; pair p leaves out image 2 - p."""

SHARPNESS = 2.0
"""Log odds that one more shared level buys: a pair of one superordinate category wins 79 % against two unrelated ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Responses:
    """One row per response: which triplet was shown, who answered, and the position 0..2 of the odd one out."""

    triplet: Int[np.ndarray, " responses"]
    subject: Int[np.ndarray, " responses"]
    odd_one_out: Int[np.ndarray, " responses"]


def pair_probabilities(
    categories: Int[np.ndarray, "triplets 3"], sharpness: float = SHARPNESS
) -> Float[np.ndarray, "triplets 3"]:
    """Return the observers' probability of calling each pair of a triplet the most similar one."""
    shared = [levels_shared(categories[:, i], categories[:, j]) for i, j in PAIRS]
    logits = sharpness * np.stack(shared, axis=1).astype(np.float64)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def ceiling(probabilities: Float[np.ndarray, "triplets 3"]) -> float:
    """Return the expected accuracy of always choosing the observers' likeliest pair: no model can do better."""
    return float(probabilities.max(axis=1).mean())


def simulate_responses(
    probabilities: Float[np.ndarray, "triplets 3"],
    *,
    responses_per_triplet: int,
    num_subjects: int,
    rng: np.random.Generator,
) -> Responses:
    """Draw choices from the law: each triplet is answered by `responses_per_triplet` different subjects."""
    if not 1 <= responses_per_triplet <= num_subjects:
        raise ValueError(
            f"responses_per_triplet must lie between 1 and num_subjects = {num_subjects}, not {responses_per_triplet}: "
            "nobody answers a triplet twice"
        )
    num_triplets = len(probabilities)
    triplet = np.repeat(np.arange(num_triplets), responses_per_triplet)
    subject = np.argsort(rng.random((num_triplets, num_subjects)), axis=1)[
        :, :responses_per_triplet
    ].ravel()
    borders = np.cumsum(probabilities, axis=1)[triplet, :2]
    pair = (rng.random(len(triplet))[:, None] >= borders).sum(axis=1)
    return Responses(triplet=triplet, subject=subject, odd_one_out=2 - pair)
