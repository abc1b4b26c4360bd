"""Folds over objects, and the triplets that lie inside them.

A triplet belongs to a set of objects only if all its three objects do, so whatever is measured
inside a fold concerns objects that a fit on the others has never seen.
"""

import numpy as np
from jaxtyping import Bool, Int

from alignet_ray.functional.random_streams import RandomStream


def fold_of_objects(num_objects: int, num_folds: int, seed: int) -> Int[np.ndarray, "num_objects"]:
    """Each object's fold: a seeded permutation dealt out in turns, so sizes differ by one at most.

    The permutation does not depend on the number of folds.
    """
    order = RandomStream(seed, "object_folds").permutation(num_objects)
    folds = np.empty(num_objects, dtype=np.int64)
    folds[order] = np.arange(num_objects) % num_folds
    return folds


def is_within(
    triplets: Int[np.ndarray, "triplets 3"], objects: Bool[np.ndarray, "objects"]
) -> Bool[np.ndarray, "triplets"]:
    """Whether all three objects of a triplet are among the marked ones."""
    first, second, third = (objects[column] for column in triplets.T)
    return first & second & third


def random_triplets(
    objects: Int[np.ndarray, "objects"], count: int, stream: RandomStream
) -> Int[np.ndarray, "{count} 3"]:
    """`count` triplets of distinct objects, each drawn uniformly among the given (3 or more)."""
    return objects[stream.distinct_integers(np.full(count, len(objects)), 3)]
