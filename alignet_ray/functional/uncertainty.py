"""Whether a model is unsure where people are: its entropy against theirs, and against their time.

The entropies of several models are compared over the same triplets and in the same resamples of
them. Entropies must be float64: where a softmax is saturated, float32 would make ties.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.functional.agreement import choice_entropy
from alignet_ray.functional.bootstrap import resampled_items
from alignet_ray.functional.rank_correlation import Correlation, correlations

Entropies = Float[np.ndarray, "models triplets"]


class Uncertainty(NamedTuple):
    """One correlation per model, and the second's less the first's per compared pair."""

    models: list[Correlation]
    differences: list[Correlation]


def people_entropy(counts: Int[np.ndarray, "triplets 3"]) -> Float[np.ndarray, "triplets"]:
    """Entropy of each triplet's choices in nats; NaN where nobody chose or one person alone did."""
    entropies = np.full(len(counts), np.nan)
    is_shared = counts.sum(axis=1) > 1
    entropies[is_shared] = choice_entropy(counts[is_shared])
    return entropies


def uncertainty_correlations(
    entropies: Entropies,
    human: Float[np.ndarray, "triplets"],
    *,
    pairs: Sequence[tuple[int, int]] = (),
    num_resamples: int,
    seed: int,
) -> Uncertainty:
    """Spearman's correlation over triplets of entropies with people's entropy or log time.

    Triplets without a value of people's are left out. The interval resamples unique triplets.
    """
    used = np.isfinite(human)
    weights = resampled_weights(int(used.sum()), num_resamples=num_resamples, seed=seed)
    found = correlations(
        entropies[:, used], human[used], weights, pairs=pairs, names=("model", "people")
    )
    return Uncertainty(*found)


def resampled_weights(
    num_items: int, *, num_resamples: int, seed: int
) -> Iterator[Float[np.ndarray, "{num_items}"]]:
    """How often each item is drawn in one resample after the other, those of the accuracies."""
    for drawn in resampled_items(num_items, num_resamples=num_resamples, seed=seed):
        yield np.bincount(drawn, minlength=num_items).astype(np.float64)
