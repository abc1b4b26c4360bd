"""The dimensions of a non-negative embedding, by the objects that have most of them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class Dimension(NamedTuple):
    """A dimension: its share of all weight, the rows that have most of it, most first."""

    column: int
    share: float
    rows: tuple[int, ...]
    weights: tuple[float, ...]


def widest_dimensions(
    mean: Float[np.ndarray, "objects dims"], *, count: int, num_objects: int
) -> list[Dimension]:
    """The `count` dimensions with the largest L1 norm over objects, widest first; ties by column.

    Each with at most `num_objects` rows. Negative weights count as 0, as in the likelihood of
    choices; dimensions and objects without weight are left out.
    """
    weights = np.maximum(mean.astype(np.float64), 0)
    widths = weights.sum(axis=0)
    widest = [c for c in np.argsort(-widths, kind="stable").tolist() if widths[c] > 0]
    found: list[Dimension] = []
    for column in widest[:count]:
        own = weights[:, column]
        rows = [r for r in np.argsort(-own, kind="stable")[:num_objects].tolist() if own[r] > 0]
        share = float(widths[column] / widths.sum())
        found.append(Dimension(column, share, tuple(rows), tuple(own[rows].tolist())))
    return found
