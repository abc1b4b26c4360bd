"""Gram matrices whose bits do not depend on the machine.

A float64 sum depends on its order, and so on the BLAS, its threads and the CPU; rounded to
float32 it would differ in a few entries of a shard in a hundred. So each vector is split into a
high part on a grid coarse enough that all products and sums of high parts are exact in float64
in any order, and a low part whose contribution is some 2^-20 of the whole: what order changes
there is far below what the final rounding could see.
"""

import math

import numpy as np
from jaxtyping import Float32, Float64

_MANTISSA_BITS = 53


def gram_matrix(
    embeddings: Float32[np.ndarray, "*batch images dim"],
) -> Float32[np.ndarray, "*batch images images"]:
    """Dot products of all pairs in float64, rounded once to float32; symmetric to the bit.

    Embeddings must be finite.
    """
    vectors = embeddings.astype(np.float64)
    high = _on_grid(vectors)
    low = vectors - high
    exact = high @ high.swapaxes(-1, -2)
    # (high + low)(high + low)' = exact + C + C' with C = (high + low / 2) low'
    cross = (high + 0.5 * low) @ low.swapaxes(-1, -2)
    return (exact + (cross + cross.swapaxes(-1, -2))).astype(np.float32)


def _on_grid(
    vectors: Float64[np.ndarray, "*batch images dim"],
) -> Float64[np.ndarray, "*batch images dim"]:
    """Values rounded to a grid on which a dot product of `dim` terms is exact."""
    largest = float(np.max(np.abs(vectors), initial=0.0))
    if largest == 0.0:
        return vectors
    dim_bits = math.ceil(math.log2(vectors.shape[-1])) if vectors.shape[-1] > 1 else 0
    bits = (_MANTISSA_BITS - dim_bits) // 2
    step = 2.0 ** (math.frexp(largest)[1] - bits)
    return np.rint(vectors / step) * step
