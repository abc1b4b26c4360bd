"""Classification by the nearest training images: cosines, one vote each."""

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.functional.finite import refuse_not_finite
from alignet_ray.functional.odd_one_out import unit_length

NUM_NEIGHBOURS = 20

_VALUES_AT_ONCE = 1 << 24


def nearest_class(
    train: Float[np.ndarray, "train dim"],
    labels: Int[np.ndarray, "train"],
    test: Float[np.ndarray, "test dim"],
    num_neighbours: int = NUM_NEIGHBOURS,
) -> Int[np.ndarray, "test"]:
    """The label that most of the nearest images have, or of all images where these are fewer.

    Nearest by cosine, equal cosines by row. Of labels with as many votes the one whose image is
    nearest. Raises ValueError where there is no training image or a vector is not finite.
    """
    if not len(train):
        raise ValueError("no training image; expected at least one")
    refuse_not_finite(train)
    refuse_not_finite(test)
    space, queries = unit_length(train), unit_length(test)
    count = min(num_neighbours, len(train))
    found = np.empty(len(test), dtype=np.int64)
    step = max(1, _VALUES_AT_ONCE // len(train))
    for start in range(0, len(test), step):
        similarities = queries[start : start + step] @ space.T
        cuts = np.partition(similarities, len(train) - count, axis=1)[:, len(train) - count]
        for place, (row, cut) in enumerate(zip(similarities, cuts, strict=True)):
            near = np.flatnonzero(row >= cut)
            near = near[np.argsort(-row[near], kind="stable")][:count]
            found[start + place] = _most_votes(labels[near])
    return found


def _most_votes(nearest: Int[np.ndarray, "neighbours"]) -> int:
    names, first, votes = np.unique(nearest, return_index=True, return_counts=True)
    is_most = votes == votes.max()
    return int(names[is_most][first[is_most].argmin()])
