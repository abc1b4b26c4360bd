"""Accuracies, paired differences and ceilings with intervals: arrays in, plain values out."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.evaluation.references import COMPARED
from alignet_ray.evaluation.representations import Represented
from alignet_ray.functional.agreement import (
    choice_entropy,
    leave_one_out_majority,
    majority_share,
    num_correct,
)
from alignet_ray.functional.bootstrap import Interval, mean_intervals
from alignet_ray.functional.odd_one_out import as_similarity_space, pair_similarities

Counts = Int[np.ndarray, "triplets 3"]
Row = dict[str, Any]


def ceilings(counts: Counts, *, num_resamples: int, seed: int) -> dict[str, Row]:
    """How far people agree, as means over unique triplets."""
    measures = {
        "majority_share": majority_share(counts),
        "leave_one_out_majority": leave_one_out_majority(counts),
        "choice_entropy_nats": choice_entropy(counts),
    }
    intervals = mean_intervals(
        np.column_stack(list(measures.values())),
        np.ones(len(counts)),
        num_resamples=num_resamples,
        seed=seed,
    )
    return {name: _row(value) for name, value in zip(measures, intervals, strict=True)}


def accuracies(
    models: Sequence[Represented],
    triplets: Int[np.ndarray, "triplets 3"],
    counts: Counts,
    similarity: str,
    *,
    num_resamples: int,
    seed: int,
) -> tuple[list[Row], list[Row]]:
    """Accuracy of every model and difference of every compared pair under one similarity.

    All come from the same resamples of unique triplets, which weigh as many responses as they have.
    """
    correct = [_correct(model, triplets, counts, similarity) for model in models]
    pairs = compared_pairs(models)
    columns = [*correct, *(correct[after] - correct[before] for before, after in pairs)]
    weights = counts.sum(axis=1).astype(np.float64)
    intervals = mean_intervals(
        np.column_stack(columns), weights, num_resamples=num_resamples, seed=seed
    )
    sizes = {"num_responses": int(weights.sum()), "num_triplets": len(counts)}
    own = [
        {**_named(model), "similarity": similarity, **_row(interval), **sizes}
        for model, interval in zip(models, intervals, strict=False)
    ]
    differences = [
        {
            "label": models[after].model.label,
            "from": models[before].model.variant,
            "to": models[after].model.variant,
            "similarity": similarity,
            **_row(interval),
            **sizes,
        }
        for (before, after), interval in zip(pairs, intervals[len(models) :], strict=True)
    ]
    return own, differences


def compared_pairs(models: Sequence[Represented]) -> list[tuple[int, int]]:
    """Positions of neighbours that are the two variants of one label, base first."""
    return [
        (left, right)
        for left, right in pairwise(range(len(models)))
        if models[left].model.label == models[right].model.label
        and (models[left].model.variant, models[right].model.variant) in COMPARED
    ]


def _correct(
    model: Represented, triplets: Int[np.ndarray, "triplets 3"], counts: Counts, similarity: str
) -> Float[np.ndarray, "triplets"]:
    space = as_similarity_space(model.vectors, similarity)
    return num_correct(pair_similarities(space, triplets), counts)


def _named(represented: Represented) -> Row:
    return {"label": represented.model.label, "variant": represented.model.variant}


def _row(interval: Interval) -> Row:
    return {"estimate": interval.estimate, "low": interval.low, "high": interval.high}
