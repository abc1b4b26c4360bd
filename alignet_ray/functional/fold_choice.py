"""Settings and number of epochs by validation curves: mean over folds, the lowest point wins.

A curve holds a fold's cross-entropy after epoch 1, 2, ...; folds are compared at the same epoch.
One that stopped early counts with its last value from there on: were the others cut there too, a
passing bump of one fold would stop all of them. One that diverged ends in infinity, and so does
its candidate.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Curve = Sequence[float]


class Choice(NamedTuple):
    """The winner's place among the candidates, its epochs, and its mean there."""

    candidate: int
    num_epochs: int
    cross_entropy: float


def mean_curve(curves: Sequence[Curve]) -> Float[np.ndarray, "epochs"]:
    """Mean over folds after each epoch, as long as the longest; none of them is empty."""
    length = max(len(curve) for curve in curves)
    padded = [[*curve, *[curve[-1]] * (length - len(curve))] for curve in curves]
    return np.array(padded, dtype=np.float64).mean(axis=0)


def best_epoch(curve: Curve | Float[np.ndarray, "epochs"]) -> int:
    """The epoch, from 1, of the lowest value; the first of equal ones; 0 where all are infinite."""
    lowest = int(np.argmin(curve))
    return lowest + 1 if math.isfinite(curve[lowest]) else 0


def choose(candidates: Sequence[Sequence[Curve]]) -> Choice | None:
    """The candidate whose mean curve goes lowest, the first of equal ones; None if all diverged."""
    found: Choice | None = None
    for number, curves in enumerate(candidates):
        mean = mean_curve(curves)
        epoch = best_epoch(mean)
        if epoch and (found is None or mean[epoch - 1] < found.cross_entropy):
            found = Choice(number, epoch, float(mean[epoch - 1]))
    return found


def choose_without(candidates: Sequence[Sequence[Curve]], fold: int) -> Choice | None:
    """What would be chosen had a fold never been looked at (of two folds or more)."""
    others = [[c for number, c in enumerate(curves) if number != fold] for curves in candidates]
    return choose(others)


def is_over(curve: Curve, patience: int, least_improvement: float) -> bool:
    """Whether the last `patience` epochs lowered the curve by less than `least_improvement`.

    A curve that has become infinite or NaN is over at once.
    """
    if curve and not math.isfinite(curve[-1]):
        return True
    if len(curve) <= patience:
        return False
    before, since = min(curve[:-patience]), min(curve[-patience:])
    return not since < before - least_improvement
