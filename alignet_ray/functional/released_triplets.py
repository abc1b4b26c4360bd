"""The authors' way to write a labelled triplet: image 2 is the odd one, so s01 is the largest.

Ours is a group with a Gram matrix, so both directions are a few gathers.
"""

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from alignet_ray.functional.odd_one_out import NUM_PAIRS, PAIR_ORDER, odd_one_out
from alignet_ray.functional.random_streams import RandomStream

# The images of a chosen pair in their order, then the odd one out; and where the three pairs of
# images so ordered stand in the pair order of before.
_ORDERS = np.column_stack([np.array(PAIR_ORDER), odd_one_out(np.arange(NUM_PAIRS))])
_PAIR_PLACES = np.array(
    [
        [PAIR_ORDER.index(tuple(sorted((order[i], order[j])))) for i, j in PAIR_ORDER]
        for order in _ORDERS.tolist()
    ]
)


def is_odd_one_last(similarities: Float[np.ndarray, "triplets 3"]) -> Bool[np.ndarray, "triplets"]:
    """Whether s01 is the largest of a triplet's similarities; ties are allowed."""
    return similarities[:, 0] >= similarities[:, 1:].max(axis=1)


def odd_one_last(
    images: Int[np.ndarray, "triplets 3"], similarities: Float32[np.ndarray, "triplets 3"]
) -> tuple[Int[np.ndarray, "triplets 3"], Float32[np.ndarray, "triplets 3"]]:
    """The triplets with their odd image last, and their similarities in that order.

    On a tie the first pair in pair order is the most similar one; a pair keeps its order.
    """
    pair = similarities.argmax(axis=1)
    ordered = np.take_along_axis(images, _ORDERS[pair], axis=1)
    return ordered, np.take_along_axis(similarities, _PAIR_PLACES[pair], axis=1)


def triplet_gram(similarities: Float32[np.ndarray, "3"]) -> Float32[np.ndarray, "3 3"]:
    """Pair similarities as a Gram matrix; its diagonal, which nobody told us, is 0."""
    gram = np.zeros((3, 3), np.float32)
    for value, (left, right) in zip(similarities, PAIR_ORDER, strict=True):
        gram[left, right] = gram[right, left] = value
    return gram


def drawn_triplets(
    stream: RandomStream, num_triplets: int, most: int | None
) -> Int[np.ndarray, "drawn"]:
    """Which of a group's triplets are taken, in rising order: all, or `most` of them.

    Every set of `most` is equally likely: the first places of a permutation. Where all are taken
    the stream is left alone.
    """
    if most is None or most >= num_triplets:
        return np.arange(num_triplets)
    return np.sort(stream.permutation(num_triplets)[:most])
