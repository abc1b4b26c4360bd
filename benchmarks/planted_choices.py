"""Choices of simulated people whose embedding is known, so that what a fit finds can be judged.

The law: of a triplet's three pairs, one is called the most similar with probability softmax of the
dot products of the planted embedding. Choices are drawn in blocks: millions take little memory.
"""

import numpy as np

from alignet_ray.functional.odd_one_out import PAIR_ORDER, pair_similarities

_AT_ONCE = 1 << 20
_SHARES = (0.4, 0.04)
_SCALE = 0.45


def planted(num_objects: int, num_dims: int, random: np.random.Generator) -> np.ndarray:
    """Sparse and non-negative, as uncertain on average as the authors' embedding of THINGS.

    An object lives in dimension k with probability _SHARES[0] ... _SHARES[1], falling geometrically
    with k, and has a value from Gamma(2, _SCALE) there: some dimensions are wide and many narrow.
    """
    is_present = random.random((num_objects, num_dims)) < np.geomspace(*_SHARES, num_dims)
    return is_present * random.gamma(2.0, _SCALE, size=(num_objects, num_dims))


def law(embedding: np.ndarray, triplets: np.ndarray) -> np.ndarray:
    """Softmax of dot products."""
    dots = pair_similarities(embedding, triplets)
    powers = np.exp(dots - dots.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def draw(embedding: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Choices (first, second, odd) of uniform triplets under the law."""
    choices = np.empty((count, 3), np.int64)
    for start in range(0, count, _AT_ONCE):
        block = choices[start : start + _AT_ONCE]
        block[:] = _draw(embedding, len(block), random)
    return choices


def _draw(embedding: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    triplets = draw_triplets(len(embedding), count, random)
    borders = law(embedding, triplets).cumsum(axis=1)[:, :2]
    pair = (random.random(len(triplets))[:, None] >= borders).sum(axis=1)
    places = np.array([(i, j, 3 - i - j) for i, j in PAIR_ORDER])[pair]
    return np.take_along_axis(triplets, places, axis=1)


def draw_triplets(num_objects: int, count: int, random: np.random.Generator) -> np.ndarray:
    """Uniform triplets of three different objects."""
    triplets = random.integers(num_objects, size=(count * 2, 3))
    first, second, third = triplets.T
    return triplets[(first != second) & (first != third) & (second != third)][:count]
