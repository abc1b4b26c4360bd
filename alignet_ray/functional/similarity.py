"""Gram matrices whose bits do not depend on the machine.

A float64 sum depends on its order, and so on the BLAS, its threads and the CPU; rounded to
float32 it would differ in a few entries of a shard in a hundred. The exact dot product, rounded
once, depends on nothing: float64 sums with a bound of their error settle nearly all entries, and
the few whose bound spans two float32 numbers are summed exactly.
"""

import math

import numpy as np
from jaxtyping import Float32, Float64

_UNIT_ROUNDOFF = 2.0**-53


def gram_matrix(
    embeddings: Float32[np.ndarray, "*batch images dim"],
) -> Float32[np.ndarray, "*batch images images"]:
    """The float32 numbers nearest to the exact dot products of all pairs (ties to even).

    Embeddings must be finite.
    """
    vectors = embeddings.astype(np.float64)
    sums = vectors @ vectors.swapaxes(-1, -2)
    bounds = _error_bounds(vectors)
    result, other = (sums - bounds).astype(np.float32), (sums + bounds).astype(np.float32)
    is_open = result != other
    for place in zip(*np.nonzero(np.triu(is_open | is_open.swapaxes(-1, -2))), strict=True):
        *batch, left, right = place
        exact = _exact_sum(vectors[(*batch, left)] * vectors[(*batch, right)])
        result[place] = result[(*batch, right, left)] = exact
    return result + np.float32(0)  # -0 becomes 0


def _error_bounds(
    vectors: Float64[np.ndarray, "*batch images dim"],
) -> Float64[np.ndarray, "*batch images images"]:
    """How far float64 dot products may be from the exact ones, in whatever order they are summed.

    Products of two float32 are exact, so only dim - 1 additions round: at most (dim - 1) u sum
    |x_i y_i| <= (dim - 1) u |x| |y|. Five u more are for the roundings of the bound and its use.
    """
    lengths = np.sqrt(np.einsum("...d,...d->...", vectors, vectors))
    steps = (vectors.shape[-1] + 4) * _UNIT_ROUNDOFF
    return steps * lengths[..., :, None] * lengths[..., None, :]


def _exact_sum(products: Float64[np.ndarray, "dim"]) -> np.float32:
    """The float32 nearest to the exact sum; products of two float32 are exact in float64."""
    terms = products.tolist()
    total = math.fsum(terms)
    below, above = math.nextafter(total, -math.inf), math.nextafter(total, math.inf)
    if np.float32(below) == np.float32(above):  # the sum lies between them
        return np.float32(total)
    rest = math.fsum([*terms, -total])
    is_even = np.float64(total).view(np.int64) % 2 == 0
    if rest != 0 and is_even:
        # Of the two float64 around the sum the odd one rounds to float32 as the sum does.
        total = math.nextafter(total, math.copysign(math.inf, rest))
    return np.float32(total)
