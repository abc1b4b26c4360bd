"""What a model says of millions of triplets: its choice and its uncertainty, in bounded memory.

The 4.7 million triplets of THINGS show only 1,854 objects, so each pair's dot product is taken
once and looked up; where there are more pairs than triplets ask for, it is taken per triplet. Both
give the same bits as `pair_similarities`.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int

from alignet_ray.functional.finite import refuse_not_finite
from alignet_ray.functional.odd_one_out import (
    NUM_PAIRS,
    PAIR_ORDER,
    entropy,
    is_choice_correct,
    pair_log_probabilities,
    pair_similarities,
)

TIED = -1

_TRIPLETS_AT_ONCE = 1 << 18
_MOST_TABLE_OBJECTS = 4096  # whose table takes 134 MB

Vectors = Float[np.ndarray, "objects dim"]
Triplets = Int[np.ndarray, "triplets 3"]


class TripletScores(NamedTuple):
    """The pair that a model chooses, TIED where two are as similar; its entropies in nats."""

    choice: Int[np.ndarray, "triplets"]
    entropies: Float[np.ndarray, "temperatures triplets"]


def score_triplets(
    vectors: Vectors, triplets: Triplets, temperatures: Sequence[float] = (1.0,)
) -> TripletScores:
    """Choices, and entropies of softmax(similarities / temperature) at each temperature, float64.

    Vectors are those of a similarity space: their dot products are the similarities. Raises
    ValueError where one is not finite.
    """
    choice = np.empty(len(triplets), dtype=np.int8)
    entropies = np.empty((len(temperatures), len(triplets)))
    start = 0
    for similarities in similarity_chunks(vectors, triplets):
        rows = slice(start, start + len(similarities))
        own = similarities.argmax(axis=1)
        choice[rows] = np.where(is_choice_correct(similarities, own), own, TIED)
        for place, temperature in enumerate(temperatures):
            logs = pair_log_probabilities(torch.from_numpy(similarities), temperature)
            entropies[place, rows] = entropy(logs).numpy()
        start = rows.stop
    return TripletScores(choice, entropies)


def similarity_chunks(
    vectors: Vectors, triplets: Triplets
) -> Iterator[Float[np.ndarray, "chunk 3"]]:
    """Dot products in pair order of one run of triplets after the other, in float64."""
    refuse_not_finite(vectors)
    num_objects = len(vectors)
    is_table_cheaper = num_objects**2 < 2 * NUM_PAIRS * len(triplets)
    table = None
    if is_table_cheaper and num_objects <= _MOST_TABLE_OBJECTS:
        table = _similarity_table(vectors)
    for start in range(0, len(triplets), _TRIPLETS_AT_ONCE):
        rows = triplets[start : start + _TRIPLETS_AT_ONCE]
        if table is None:
            yield pair_similarities(vectors, rows)
        else:
            yield np.stack([table[rows[:, i], rows[:, j]] for i, j in PAIR_ORDER], axis=1)


def value_of_choice(
    choice: Int[np.ndarray, "triplets"], values: Float[np.ndarray, "triplets 3"]
) -> Float[np.ndarray, "triplets"]:
    """What the chosen pair is worth, such as its share of people's choices; 0 for a tie."""
    found = values[np.arange(len(values)), np.maximum(choice, 0)]
    return np.where(choice == TIED, 0.0, found)


def _similarity_table(vectors: Vectors) -> Float[np.ndarray, "objects objects"]:
    """All dot products. One by one, not as a matrix product: equal vectors must tie exactly."""
    exact = np.ascontiguousarray(vectors, dtype=np.float64)
    table = np.empty((len(exact), len(exact)))
    for row, vector in enumerate(exact):
        table[row, row:] = np.vecdot(vector, exact[row:])
        table[row:, row] = table[row, row:]
    return table
