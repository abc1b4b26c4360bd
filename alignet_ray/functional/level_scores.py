"""Odd-one-out accuracy of models at each level of abstraction, with what people reach.

Every unique triplet counts once. Against the majority a tie of people shares the credit
(`levels.TIE_RULE`) and a tie of a model has none; the soft accuracy is the share of people who
chose what the model does; the ceilings are those of all triplets (`functional/ceilings.py`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.functional.bootstrap import Interval, mean_intervals
from alignet_ray.functional.ceilings import Ceilings, people_ceilings
from alignet_ray.functional.levels import LEVELS, majority_credit
from alignet_ray.functional.triplet_scores import value_of_choice

ALL_LEVELS = "all"


class LevelScores(NamedTuple):
    """Of one level: a list has an interval per model, or per compared pair of models."""

    num_triplets: int
    num_responses: int
    accuracy: list[Interval]
    soft_accuracy: list[Interval]
    accuracy_differences: list[Interval]
    soft_accuracy_differences: list[Interval]
    ceilings: Ceilings


def level_scores(
    choices: Int[np.ndarray, "models triplets"],
    counts: Int[np.ndarray, "triplets 3"],
    level: Int[np.ndarray, "triplets"],
    *,
    pairs: Sequence[tuple[int, int]] = (),
    num_resamples: int,
    seed: int,
) -> dict[str, LevelScores]:
    """Scores of each level that has triplets, and of `all` of them.

    `choices` are the pairs that models choose (`triplet_scores`). Each level's quantities see the
    same resamples of its triplets; a difference is the second's less the first's.
    """
    rows_of = {name: np.flatnonzero(level == number) for number, name in enumerate(LEVELS)}
    rows_of[ALL_LEVELS] = np.arange(len(level))
    return {
        name: _scores(choices[:, rows], counts[rows], pairs, num_resamples, seed)
        for name, rows in rows_of.items()
        if len(rows)
    }


def _scores(
    choices: Int[np.ndarray, "models triplets"],
    counts: Int[np.ndarray, "triplets 3"],
    pairs: Sequence[tuple[int, int]],
    num_resamples: int,
    seed: int,
) -> LevelScores:
    shares = counts / counts.sum(axis=1, keepdims=True)
    columns: list[Float[np.ndarray, "triplets"]] = []
    for values in (majority_credit(counts), shares):
        own = [value_of_choice(choice, values) for choice in choices]
        columns += [*own, *(own[after] - own[before] for before, after in pairs)]
    intervals = iter(
        mean_intervals(
            np.column_stack(columns), np.ones(len(counts)), num_resamples=num_resamples, seed=seed
        )
    )

    def taken(num: int) -> list[Interval]:
        return [next(intervals) for _ in range(num)]

    accuracy, differences = taken(len(choices)), taken(len(pairs))
    soft_accuracy, soft_differences = taken(len(choices)), taken(len(pairs))
    return LevelScores(
        num_triplets=len(counts),
        num_responses=int(counts.sum()),
        accuracy=accuracy,
        soft_accuracy=soft_accuracy,
        accuracy_differences=differences,
        soft_accuracy_differences=soft_differences,
        ceilings=people_ceilings(counts, num_resamples=num_resamples, seed=seed),
    )
