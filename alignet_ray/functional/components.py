"""Principal components before and after: projections that can be laid side by side.

A component's sign is arbitrary, so it is fixed: the first representation's loading of largest size
is positive, and each later one's component points the way the first one's projection does.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from alignet_ray.functional.finite import refuse_not_finite

NUM_COMPONENTS = 32

Vectors = Float[np.ndarray, "images dim"]


class Components(NamedTuple):
    """Projections onto the first components, and the share of variance that each explains.

    The shares are of the whole variance; all 0 where all vectors are equal.
    """

    projections: Float[np.ndarray, "images components"]
    explained: Float[np.ndarray, "components"]


def principal_components(vectors: Vectors, count: int = NUM_COMPONENTS) -> Components:
    """The first `count` components, or as many as there are dimensions or images.

    Raises ValueError where a vector is not finite.
    """
    refuse_not_finite(vectors)
    centred = vectors.astype(np.float64)
    centred -= centred.mean(axis=0)
    num_images, dim = centred.shape
    if num_images < dim:
        values, others = np.linalg.eigh(centred @ centred.T)
        loadings = centred.T @ others
        lengths = np.linalg.norm(loadings, axis=0)
        loadings = np.divide(loadings, lengths, out=np.zeros_like(loadings), where=lengths > 0)
    else:
        values, loadings = np.linalg.eigh(centred.T @ centred)
    kept = np.argsort(-values, kind="stable")[:count]
    values, loadings = np.maximum(values[kept], 0.0), loadings[:, kept]
    largest = loadings[np.abs(loadings).argmax(axis=0), np.arange(len(kept))]
    loadings = loadings * np.where(largest < 0, -1.0, 1.0)
    total = float((centred**2).sum())
    explained = values / total if total > 0 else np.zeros(len(kept))
    return Components(centred @ loadings, explained)


def aligned_components(
    representations: Sequence[Vectors], count: int = NUM_COMPONENTS
) -> list[Components]:
    """Components of each representation of the same images, their signs those of the first."""
    found = [principal_components(vectors, count) for vectors in representations]
    aligned = found[:1]
    for own in found[1:]:
        num = min(own.projections.shape[1], found[0].projections.shape[1])
        signs = np.ones(own.projections.shape[1])
        products = np.einsum("ij,ij->j", own.projections[:, :num], found[0].projections[:, :num])
        signs[:num] = np.where(products < 0, -1.0, 1.0)
        aligned.append(Components(own.projections * signs, own.explained))
    return aligned
