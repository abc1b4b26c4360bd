"""Triplets whose odd one out a student chooses otherwise after training than before."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

Probabilities = Float[np.ndarray, "triplets 3"]


@dataclass(frozen=True, kw_only=True)
class ChangedChoices:
    """Rows that came to agree with the teacher and rows that ceased to, largest change first."""

    towards: Int[np.ndarray, "towards"]
    away: Int[np.ndarray, "away"]


def changed_choices(
    teacher: Probabilities, before: Probabilities, after: Probabilities
) -> ChangedChoices:
    """Who changed, by pair probabilities; ordered by how far the teacher's choice rose or fell.

    A tie agrees with nothing.
    """
    rows = np.arange(len(teacher))
    chosen = teacher.argmax(axis=1)
    rise = after[rows, chosen] - before[rows, chosen]
    agreed, agrees = _agrees(before, chosen), _agrees(after, chosen)
    order = np.argsort(-rise, kind="stable")
    towards, away = agrees & ~agreed, agreed & ~agrees
    return ChangedChoices(towards=order[towards[order]], away=order[::-1][away[order[::-1]]])


def _agrees(
    probabilities: Probabilities, chosen: Int[np.ndarray, "triplets"]
) -> Bool[np.ndarray, "triplets"]:
    rows = np.arange(len(chosen))
    others = probabilities.copy()
    others[rows, chosen] = -np.inf
    return probabilities[rows, chosen] > others.max(axis=1)
