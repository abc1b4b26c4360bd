"""A part of many labelled images, as evenly over their classes as these allow."""

import numpy as np
from jaxtyping import Int

from alignet_ray.functional.random_streams import RandomStream


def evenly_thinned(
    labels: Int[np.ndarray, "images"], most: int, seed: int, purpose: str
) -> Int[np.ndarray, "kept"]:
    """Rows of at most `most` images, ascending: all of small classes, of larger ones equally many.

    Which ones is random; classes that are one image short of the rest are, too.
    """
    if len(labels) <= most:
        return np.arange(len(labels))
    shuffled = RandomStream(seed, "thinned", purpose).permutation(len(labels))
    by_label = shuffled[np.argsort(labels[shuffled], kind="stable")]
    _, starts, sizes = np.unique(labels[by_label], return_index=True, return_counts=True)
    # First images of all classes first, then all second ones; within a round, at random.
    rounds = np.arange(len(labels)) - np.repeat(starts, sizes)
    order_in_round = np.empty(len(labels), dtype=np.int64)
    order_in_round[shuffled] = np.arange(len(labels))
    order = np.lexsort((order_in_round[by_label], rounds))
    return np.sort(by_label[order[:most]])
