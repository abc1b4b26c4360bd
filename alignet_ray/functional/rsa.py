"""Representational similarity analysis: Spearman over the upper triangles, ceilings, intervals.

A human matrix is the mean of participants' or theirs one by one; NaN where a pair was not judged.
Ceilings are those of Nili et al. (2014): what the best model could reach lies between each
participant's correlation with the mean of the others and with the mean of all. As only ranks
count, the mean is that of each participant's ranks, in units of their number.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from alignet_ray.functional.similarity_matrices import (
    DoubledRanks,
    doubled_ranks,
    pearson_upper,
    spearman_of_pairs,
    spearman_of_ranks,
)

LEAST_PAIRS = 3

Triangles = Float[np.ndarray, "participants pairs"]


class Agreement(NamedTuple):
    """Spearman's correlation of a model's matrix with people's; NaN where it is undefined.

    With several participants `value` is the mean over them, and `num_undefined` of them are left
    out, whose matrix or judged part of the model's is constant.
    """

    value: float
    num_pairs: int
    num_undefined: int
    undefined: str | None = None


class Ceiling(NamedTuple):
    """Mean correlation of participants with the mean of the others, and with the mean of all."""

    lower: float
    upper: float
    num_participants: int


def mean_triangle(people: Triangles) -> Float[np.ndarray, "pairs"]:
    """Mean over participants of the ranks of each pair; NaN where nobody judged it.

    One participant's is their own.
    """
    if len(people) == 1:
        return people[0]
    return _mean(*_summed_ranks(people))


def human_agreement(
    model: Float[np.ndarray, "pairs"], people: Triangles, *, each: bool = False
) -> Agreement:
    """A model's triangle against the mean of people's, or the mean over `each` of them.

    Pairs that nobody judged do not count.
    """
    targets = list(people) if each else [mean_triangle(people)]
    values = np.array([spearman_of_pairs(model, target) for target in targets])
    num_pairs = int(np.logical_or.reduce(np.isfinite(people), axis=0).sum())
    num_undefined = int(np.isnan(values).sum())
    if num_undefined == len(values):
        return Agreement(math.nan, num_pairs, num_undefined, _reason(model, num_pairs))
    return Agreement(float(np.nanmean(values)), num_pairs, num_undefined)


def noise_ceiling(people: Triangles) -> Ceiling:
    """Lower and upper ceiling; NaN for fewer than two participants."""
    lower, upper = participants_agreement(people)
    return Ceiling(_defined_mean(lower.tolist()), _defined_mean(upper.tolist()), len(people))


def participants_agreement(
    people: Triangles,
) -> tuple[Float[np.ndarray, "participants"], Float[np.ndarray, "participants"]]:
    """Each participant's correlation with the mean of the others, and with the mean of all.

    NaN where it is undefined, as for a participant who is alone.
    """
    nothing = np.full(len(people), np.nan)
    if len(people) < 2:
        return nothing, nothing
    totals, numbers = _summed_ranks(people)
    whole = _mean(totals, numbers)
    lower, upper = nothing.copy(), nothing.copy()
    for who, own in enumerate(people):
        ranks, is_judged = _unit_ranks(own)
        others = _mean(totals - np.where(is_judged, ranks, 0.0), numbers - is_judged)
        lower[who] = spearman_of_pairs(own, others)
        upper[who] = spearman_of_pairs(own, whole)
    return lower, upper


def model_agreement(
    representations: Iterable[Float[np.ndarray, "images dim"]],
) -> Float[np.ndarray, "models models"]:
    """Spearman's correlation of each two models' Pearson matrices, such as before and after.

    One representation is read at a time; of each 4 bytes a pair stay: 200 MB for 10,000 images.
    """
    ranks = list(map(_pearson_ranks, representations))
    matrix = np.eye(len(ranks))
    for row, first in enumerate(ranks):
        matrix[row, row] = spearman_of_ranks(first, first)
        for column in range(row):
            matrix[row, column] = spearman_of_ranks(first, ranks[column])
            matrix[column, row] = matrix[row, column]
    return matrix


def _pearson_ranks(embeddings: Float[np.ndarray, "images dim"]) -> DoubledRanks:
    return doubled_ranks(pearson_upper(embeddings))


def _summed_ranks(
    people: Triangles,
) -> tuple[Float[np.ndarray, "pairs"], Int[np.ndarray, "pairs"]]:
    totals, numbers = np.zeros(people.shape[1]), np.zeros(people.shape[1], dtype=np.int64)
    for own in people:
        ranks, is_judged = _unit_ranks(own)
        totals[is_judged] += ranks[is_judged]
        numbers += is_judged
    return totals, numbers


def _unit_ranks(
    own: Float[np.ndarray, "pairs"],
) -> tuple[Float[np.ndarray, "pairs"], Bool[np.ndarray, "pairs"]]:
    """Ranks of the judged pairs in units of their number; NaN elsewhere."""
    is_judged = np.isfinite(own)
    ranks = np.full(len(own), np.nan)
    ranks[is_judged] = doubled_ranks(own[is_judged]) / (2.0 * max(1, int(is_judged.sum())))
    return ranks, is_judged


def _mean(
    totals: Float[np.ndarray, "pairs"], numbers: Int[np.ndarray, "pairs"]
) -> Float[np.ndarray, "pairs"]:
    # Ties of means must stay ties: sums of ranks are off by roundings of one part in 10^15.
    means = np.divide(totals, numbers, out=np.full(len(totals), np.nan), where=numbers > 0)
    return np.round(means, 12)


def _defined_mean(values: list[float]) -> float:
    defined = [value for value in values if not math.isnan(value)]
    return float(np.mean(defined)) if defined else math.nan


def _reason(model: Float[np.ndarray, "pairs"], num_pairs: int) -> str:
    if num_pairs < LEAST_PAIRS:
        return f"{num_pairs} judged pairs, at least {LEAST_PAIRS} are needed"
    if model.min() == model.max():
        return "all similarities of the model are equal"
    return "all judged similarities are equal"
