"""Whether a model's pair probabilities mean what people do: how often its 0.7 is their choice.

Reliability diagrams, expected calibration error, likelihood of the responses, and the rank
correlation of the model's uncertainty with people's. `counts[t, p]` is how many people chose pair
p (pair order) of unique triplet t; probabilities come as logarithms, so that none is lost.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int

from alignet_ray.functional.agreement import LEAST_REPEATED, is_repeated
from alignet_ray.functional.bootstrap import Interval
from alignet_ray.functional.odd_one_out import (
    as_similarity_space,
    entropy,
    pair_log_probabilities,
    pair_similarities,
)
from alignet_ray.functional.temperature import best_temperature
from alignet_ray.functional.uncertainty import people_entropy, uncertainty_correlations

NUM_BINS = 10

Counts = Int[np.ndarray, "triplets 3"]
LogProbabilities = Float[np.ndarray, "triplets 3"]
Vectors = Float[np.ndarray, "objects dim"]


class ReliabilityBin(NamedTuple):
    """Pairs that were given a probability in [low, high): what was said, and what came of it.

    Every response counts each of its triplet's three pairs once, chosen or not; `num` counts them.
    """

    low: float
    high: float
    mean_predicted: float
    share_chosen: float
    num: int


class Model(NamedTuple):
    """A model's pair probabilities, and the temperature of the softmax that made them."""

    log_probabilities: LogProbabilities
    temperature: float


def reliability_bins(
    log_probabilities: LogProbabilities, counts: Counts, num_bins: int = NUM_BINS
) -> list[ReliabilityBin]:
    """Bins of equal width over [0, 1], the last one closed; those that nothing is in are left out.

    All three pairs of a triplet count, each as often as the triplet has responses.
    """
    predicted = np.exp(log_probabilities).ravel()
    weights = np.repeat(counts.sum(axis=1), counts.shape[1])
    bins = np.minimum((predicted * num_bins).astype(np.int64), num_bins - 1)
    num = np.bincount(bins, weights, num_bins)
    said = np.bincount(bins, weights * predicted, num_bins)
    chosen = np.bincount(bins, counts.ravel(), num_bins)
    return [
        ReliabilityBin(
            low=i / num_bins,
            high=(i + 1) / num_bins,
            mean_predicted=float(said[i] / num[i]),
            share_chosen=float(chosen[i] / num[i]),
            num=int(num[i]),
        )
        for i in range(num_bins)
        if num[i] > 0
    ]


def expected_calibration_error(bins: list[ReliabilityBin]) -> float:
    """Mean distance of what was said from what came of it, each bin by its count."""
    total = sum(own.num for own in bins)
    return sum(own.num * abs(own.mean_predicted - own.share_chosen) for own in bins) / total


def negative_log_likelihood(log_probabilities: LogProbabilities, counts: Counts) -> float:
    """Mean over responses of - log p(chosen pair), in nats; infinite where a choice had p = 0."""
    logs = log_probabilities.astype(np.float64)
    losses = np.multiply(counts, -logs, out=np.zeros(logs.shape), where=counts > 0)
    return float(losses.sum() / counts.sum())


def entropy_correlation(
    log_probabilities: LogProbabilities, counts: Counts, *, num_resamples: int, seed: int
) -> Interval | None:
    """Rank correlation over triplets of the model's entropy with that of people's choices.

    Over triplets with two responses or more, as one answer has no entropy; None where fewer than
    LEAST_REPEATED are, or all entropies are equal. In float64, so that only saturated entropies
    tie; the interval resamples unique triplets.
    """
    repeated = is_repeated(counts)
    if repeated.sum() < LEAST_REPEATED:
        return None
    own = entropy(torch.from_numpy(log_probabilities[repeated].astype(np.float64))).numpy()
    human = people_entropy(counts[repeated])
    found = uncertainty_correlations(own[None], human, num_resamples=num_resamples, seed=seed)
    (correlation,) = found.models
    return None if correlation.undefined else correlation.interval


def softmax_model(similarities: Float[np.ndarray, "triplets 3"], temperature: float) -> Model:
    """The model that chooses by softmax(similarities / temperature)."""
    logs = pair_log_probabilities(torch.from_numpy(similarities), temperature).numpy()
    return Model(logs, temperature)


def models_before_and_after(
    before: Vectors,
    after: Vectors,
    triplets: Int[np.ndarray, "triplets 3"],
    *,
    training_triplets: Int[np.ndarray, "training 3"],
    training_probabilities: Float[np.ndarray, "training 3"],
) -> dict[str, Model]:
    """The untransformed vectors at temperature 1 and at the best one, the transformed ones at 1.

    Similarities are dot products. The best temperature is fitted to the training probabilities,
    never to a response: what one number can do against what the whole map does.
    """
    raw, transformed = (as_similarity_space(vectors, "dot") for vectors in (before, after))
    temperature = best_temperature(
        pair_similarities(raw, training_triplets), training_probabilities
    )
    similarities = pair_similarities(raw, triplets)
    return {
        "before": softmax_model(similarities, 1.0),
        "before_at_best_temperature": softmax_model(similarities, temperature),
        "after": softmax_model(pair_similarities(transformed, triplets), 1.0),
    }


def calibration(
    models: Mapping[str, Model], counts: Counts, *, num_resamples: int, seed: int
) -> dict[str, dict[str, Any]]:
    """What the metrics say of each model, as plain JSON values.

    An infinite likelihood is None, which JSON has. All models see the same resamples.
    """
    return {
        name: _calibration_of(model, counts, num_resamples=num_resamples, seed=seed)
        for name, model in models.items()
    }


def _calibration_of(
    model: Model, counts: Counts, *, num_resamples: int, seed: int
) -> dict[str, Any]:
    logs = model.log_probabilities
    bins = reliability_bins(logs, counts)
    loss = negative_log_likelihood(logs, counts)
    correlation = entropy_correlation(logs, counts, num_resamples=num_resamples, seed=seed)
    return {
        "temperature": model.temperature,
        "negative_log_likelihood": loss if np.isfinite(loss) else None,
        "expected_calibration_error": expected_calibration_error(bins),
        "entropy_correlation": correlation._asdict() if correlation else None,
        "bins": [
            {
                "from": own.low,
                "to": own.high,
                "mean_predicted": own.mean_predicted,
                "share_chosen": own.share_chosen,
                "num": own.num,
            }
            for own in bins
        ],
    }
