"""Nearest neighbours in two spaces of the same objects, and which objects show the change.

Vectors are those of a similarity space: their dot products are the similarities.
"""

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.functional.random_streams import RandomStream

_VALUES_AT_ONCE = 1 << 24

Neighbours = Int[np.ndarray, "objects count"]


def nearest_neighbours(vectors: Float[np.ndarray, "objects dim"], count: int) -> Neighbours:
    """The `count` most similar other objects of each, most similar first; ties by row.

    Fewer where there are not so many others.
    """
    num_objects = len(vectors)
    found = np.empty((num_objects, min(count, max(num_objects - 1, 0))), dtype=np.int64)
    step = max(1, _VALUES_AT_ONCE // max(num_objects, 1))
    for start in range(0, num_objects, step):
        similarities = vectors[start : start + step] @ vectors.T
        rows = np.arange(len(similarities))
        similarities[rows, start + rows] = -np.inf
        order = np.argsort(-similarities, axis=1, kind="stable")
        found[start : start + step] = order[:, : found.shape[1]]
    return found


def num_shared(
    first: Int[np.ndarray, "objects some"], second: Int[np.ndarray, "objects others"]
) -> Int[np.ndarray, "objects"]:
    """How many neighbours of each object are among both; no row names one twice."""
    both = np.sort(np.concatenate([first, second], axis=1), axis=1)
    return (both[:, 1:] == both[:, :-1]).sum(axis=1)


def choose_objects(
    num_replaced: Int[np.ndarray, "objects"],
    *,
    num_most_changed: int,
    num_random: int,
    stream: RandomStream,
) -> tuple[list[int], list[int]]:
    """Objects of which the most neighbours were replaced, ties in a random order; and others
    drawn uniformly from the rest.
    """
    order = stream.permutation(len(num_replaced))
    most = order[np.argsort(-num_replaced[order], kind="stable")][:num_most_changed].tolist()
    others = [i for i in stream.permutation(len(num_replaced)).tolist() if i not in set(most)]
    return most, others[:num_random]
