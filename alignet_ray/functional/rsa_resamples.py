"""Agreement with people over resampled images, a run of resamples at a time.

A resample weighs each pair by how often both its images were drawn. Resample r is the same whoever
draws it, so runs can be taken apart among processes, and differences between models are paired.
Images that were not drawn are left out before anything is ranked: some 40 % of the pairs remain.
"""

import math
from collections.abc import Sequence
from itertools import islice

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.functional.bootstrap import resampled_items
from alignet_ray.functional.rank_correlation import within_one

Pairs = Float[np.ndarray, "pairs"]


def resampled_agreement(
    models: Sequence[Pairs], human: Pairs, num_images: int, *, start: int, stop: int, seed: int
) -> Float[np.ndarray, "resamples models"]:
    """Spearman's correlation of each model's triangle with people's in resamples [start, stop).

    Pairs that nobody judged (NaN) do not count; NaN where a correlation is undefined. Some 16
    bytes a pair and model, and 60 a pair more.
    """
    places = [_places(values) for values in (human, *models)]
    rows, columns = np.triu_indices(num_images, 1)
    draws = islice(resampled_items(num_images, num_resamples=stop, seed=seed), start, None)
    found = np.empty((stop - start, len(models)))
    is_judged = np.isfinite(human)
    for resample, drawn in enumerate(draws):
        times = np.bincount(drawn, minlength=num_images).astype(np.float64)
        weights = times[rows] * times[columns]
        kept = np.flatnonzero((weights > 0) & is_judged)
        found[resample] = _correlations([own[kept] for own in places], weights[kept])
    return found


def _places(values: Pairs) -> Int[np.ndarray, "pairs"]:
    """Places in the order of the different values: all that ranks depend on."""
    return np.unique(values, return_inverse=True)[1]


def _correlations(
    places: Sequence[Int[np.ndarray, "kept"]], weights: Float[np.ndarray, "kept"]
) -> list[float]:
    """Of the first with each of the others."""
    if not len(weights):
        return [math.nan] * (len(places) - 1)
    human = _deviations(places[0], weights)
    scaled = weights * human
    own = float(scaled @ human)
    found: list[float] = []
    for place in places[1:]:
        ranks = _deviations(place, weights)
        scale = math.sqrt(own * float((weights * ranks) @ ranks))
        found.append(within_one(float(scaled @ ranks) / scale) if scale > 0 else math.nan)
    return found


def _deviations(
    place: Int[np.ndarray, "kept"], weights: Float[np.ndarray, "kept"]
) -> Float[np.ndarray, "kept"]:
    """Mid-ranks where each pair stands `weight` times, less their weighted mean."""
    sizes = np.bincount(place, weights)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[place]
    return ranks - float(weights @ ranks) / float(weights.sum())
