"""Simulated people: they judge images by meaning alone, under a law that is known exactly.

Of three images a person calls the pair that shares most levels of the category tree most similar,
and the third image the odd one out, with probability

    P(pair) = softmax(sharpness * levels shared by the pair)          in pair order (01, 02, 12).

Because the law is known, the best accuracy that any model can reach (the ceiling) is known too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.demo_world.categories import levels_shared
from alignet_ray.errors import ConfigError
from alignet_ray.functional.odd_one_out import PAIR_ORDER, odd_one_out

SHARPNESS = 2.0
"""Log odds that one more shared level buys: two animals win by 79 % over an unrelated third."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Responses:
    """One row per response: the triplet's row, who answered, the position of the odd one out."""

    triplet: Int[np.ndarray, " responses"]
    subject: Int[np.ndarray, " responses"]
    odd_one_out: Int[np.ndarray, " responses"]


def pair_probabilities(
    categories: Int[np.ndarray, "triplets 3"], sharpness: float = SHARPNESS
) -> Float[np.ndarray, "triplets 3"]:
    """Probability of calling each pair of a triplet the most similar one."""
    shared = [levels_shared(categories[:, i], categories[:, j]) for i, j in PAIR_ORDER]
    logits = sharpness * np.stack(shared, axis=1).astype(np.float64)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def ceiling(probabilities: Float[np.ndarray, "triplets 3"]) -> float:
    """Expected accuracy of always choosing the likeliest pair: no model can do better."""
    return float(probabilities.max(axis=1).mean())


def simulate_responses(
    probabilities: Float[np.ndarray, "triplets 3"],
    *,
    responses_per_triplet: int,
    num_subjects: int,
    rng: np.random.Generator,
) -> Responses:
    """Choices drawn from the law; each triplet is answered by different subjects.

    Raises ConfigError where there are fewer subjects than responses to a triplet.
    """
    if not 1 <= responses_per_triplet <= num_subjects:
        raise ConfigError(
            f"responses_per_triplet = {responses_per_triplet}",
            f"1 to num_subjects = {num_subjects}, nobody answers a triplet twice",
            "simulate_responses",
        )
    num_triplets = len(probabilities)
    triplet = np.repeat(np.arange(num_triplets), responses_per_triplet)
    subject = np.argsort(rng.random((num_triplets, num_subjects)), axis=1)[
        :, :responses_per_triplet
    ].ravel()
    borders = np.cumsum(probabilities, axis=1)[triplet, :2]
    pair = (rng.random(len(triplet))[:, None] >= borders).sum(axis=1)
    return Responses(triplet=triplet, subject=subject, odd_one_out=odd_one_out(pair))
