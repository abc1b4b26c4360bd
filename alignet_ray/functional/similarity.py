"""Gram matrices whose bits do not depend on the machine.

A float64 sum depends on its order, and so on the BLAS, its threads and the CPU; rounded to
float32 it would differ in a few entries of a shard in a hundred. The exact dot product, rounded
once, depends on nothing: float64 sums with a bound of their error settle nearly all entries, and
the few whose bound spans two float32 numbers are summed exactly.
"""

import math

import numpy as np
from jaxtyping import Float32, Float64

_DOUBLE_STEP = 2.0**-52


def gram_matrix(
    embeddings: Float32[np.ndarray, "*batch images dim"],
) -> Float32[np.ndarray, "*batch images images"]:
    """The float32 numbers nearest to the exact dot products of all pairs (ties to even).

    Embeddings must be finite.
    """
    vectors = embeddings.astype(np.float64)
    sums = vectors @ vectors.swapaxes(-1, -2)
    magnitudes = np.abs(vectors)
    # Twice the bound of any order of summation, for the roundings of the bound itself.
    bounds = magnitudes @ magnitudes.swapaxes(-1, -2)
    bounds *= _DOUBLE_STEP * (embeddings.shape[-1] + 2)
    result, other = (sums - bounds).astype(np.float32), (sums + bounds).astype(np.float32)
    for place in zip(*np.nonzero(result != other), strict=True):
        *batch, left, right = place
        result[place] = _exact_sum(vectors[(*batch, left)] * vectors[(*batch, right)])
    return result + np.float32(0)  # -0 becomes 0


def _exact_sum(products: Float64[np.ndarray, "dim"]) -> np.float32:
    """The float32 nearest to the exact sum; products of two float32 are exact in float64."""
    terms = products.tolist()
    total = math.fsum(terms)
    rest = math.fsum([*terms, -total])
    is_even = np.float64(total).view(np.int64) % 2 == 0
    if rest != 0 and is_even:
        # Of the two float64 around the sum the odd one rounds to float32 as the sum does.
        total = math.nextafter(total, math.copysign(math.inf, rest))
    return np.float32(total)
