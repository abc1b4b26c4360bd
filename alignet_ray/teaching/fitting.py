"""The work of a fit on one node: standardise, fit, measure before and after.

A pure function of its request, run as one Ray task, so that a small head node does nothing.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int

from alignet_ray.errors import InputError
from alignet_ray.functional.agreement import (
    expected_accuracy,
    leave_one_out_majority,
    majority_share,
    num_correct,
)
from alignet_ray.functional.bootstrap import mean_intervals
from alignet_ray.functional.odd_one_out import as_similarity_space, pair_similarities
from alignet_ray.functional.transform_fit import (
    FitResult,
    FitSettings,
    SoftTriplets,
    cross_entropy,
    fit_affine,
    scalar_standardisation,
)
from alignet_ray.records.digests import Json
from alignet_ray.records.teacher_bundle import Transform
from alignet_ray.teaching.human_data import FitData, Judged

SIMILARITIES = ("dot", "centred_cosine")
_MEASURED_TRIPLETS = 20_000

Vectors = Float[np.ndarray, "objects dim"]


@dataclass(frozen=True, kw_only=True)
class HumanCounts:
    """Responses to unique triplets of embedded objects."""

    triplets: Int[np.ndarray, "triplets 3"]
    counts: Int[np.ndarray, "triplets 3"]
    num_resamples: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class FitRequest:
    """Raw representations, human data as rows of them, and how to fit."""

    vectors: Float32[np.ndarray, "objects dim"]
    data: FitData
    human: HumanCounts | None
    settings: FitSettings
    threads: int


def fit_and_measure(request: FitRequest) -> tuple[Transform, Json]:
    """The transform and its metrics. Raises InputError where the fit learns nothing."""
    threads = torch.get_num_threads()
    torch.set_num_threads(request.threads)
    try:
        transform, result = _fit(request)
        return transform, _metrics(request, transform, result)
    finally:
        torch.set_num_threads(threads)


def _fit(request: FitRequest) -> tuple[Transform, FitResult]:
    mean, scale = scalar_standardisation(request.vectors)
    if not scale > 0:
        raise InputError("all numbers are equal", "representations that differ", "the backbone")
    standardised = (request.vectors.astype(np.float64) - mean) / scale
    features = torch.from_numpy(standardised.astype(np.float32))
    train, held_out = map(_as_soft_triplets, (request.data.train, request.data.held_out))
    result = fit_affine(features, train, held_out, request.settings)
    if result.best_epoch == 0:
        raise InputError(
            "no epoch lowered the cross-entropy on held-out objects", "a fit that learns",
            "the fit", "Lower --fit.learning-rate, or give more triplets or objects.",
        )  # fmt: skip
    weight, bias = (part.double().numpy() for part in result.affine)
    return Transform(weight=weight, bias=bias, mean=mean, scale=scale), result


def _as_soft_triplets(judged: Judged) -> SoftTriplets:
    return SoftTriplets(torch.from_numpy(judged.triplets), torch.from_numpy(judged.probabilities))


def _metrics(request: FitRequest, transform: Transform, result: FitResult) -> Json:
    spaces = {"before": request.vectors, "after": transform.apply(request.vectors)}
    sides = {"train": request.data.train, "held_out": request.data.held_out}
    metrics: Json = {
        "counts": request.data.counts,
        "fit": {"best_epoch": result.best_epoch, "num_epochs": len(result.history)},
    }
    for name, judged in sides.items():
        measured = {state: _measure(vectors, judged) for state, vectors in spaces.items()}
        metrics[name] = measured
    if request.human is not None:
        metrics["human"] = _human_accuracy(spaces, request.human)
    return metrics


def _measure(vectors: Vectors, judged: Judged) -> Json:
    """Agreement with the probabilities, on the first triplets: they are enough."""
    triplets = judged.triplets[:_MEASURED_TRIPLETS]
    probabilities = judged.probabilities[:_MEASURED_TRIPLETS]
    dots = torch.from_numpy(pair_similarities(vectors, triplets))
    accuracies = {
        similarity: float(
            expected_accuracy(
                pair_similarities(as_similarity_space(vectors, similarity), triplets),
                probabilities,
            ).mean()
        )
        for similarity in SIMILARITIES
    }
    loss = cross_entropy(dots, torch.from_numpy(probabilities).double()).mean()
    return {"expected_accuracy": accuracies, "cross_entropy": float(loss)}


def _human_accuracy(spaces: dict[str, Vectors], human: HumanCounts) -> Json:
    """Accuracy on responses before and after and the paired difference, with intervals."""
    weights = human.counts.sum(axis=1).astype(np.float64)
    report: Json = {
        "num_responses": int(weights.sum()),
        "num_triplets": len(weights),
        "majority_share": float(majority_share(human.counts).mean()),
        "leave_one_out_majority": float(leave_one_out_majority(human.counts).mean()),
    }
    for similarity in SIMILARITIES:
        before, after = (
            num_correct(
                pair_similarities(as_similarity_space(vectors, similarity), human.triplets),
                human.counts,
            )
            for vectors in spaces.values()
        )
        intervals = mean_intervals(
            np.column_stack([before, after, after - before]),
            weights,
            num_resamples=human.num_resamples,
            seed=human.seed,
        )
        names = ("before", "after", "difference")
        report[similarity] = {
            name: interval._asdict() for name, interval in zip(names, intervals, strict=True)
        }
    return report
