"""Rows that say whether models are unsure where people are: rank correlations of entropies.

People's entropies are those of their shares as they are (plug-in). Of few responses they are too
low, by an amount that depends on the number of responses, which the results say; where triplets
have about as many responses each, that changes their order, and so a rank correlation, little. A
correction per triplet would add what differs between triplets by chance alone (how many of the
three were chosen). Where people's mean entropy is a target it is corrected
(`functional/agreement.py`).
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.evaluation.pairs import between, compared_pairs
from alignet_ray.evaluation.representations import Represented
from alignet_ray.evaluation.rows import Row, rounded, row
from alignet_ray.evaluation.temperatures import temperatures_of
from alignet_ray.functional.uncertainty import uncertainty_correlations
from alignet_ray.records.digests import Json

PLUG_IN = "of the shares as they are (plug-in); with few responses it is too low"
"""What people's entropies are, for the results."""


def responses_per_triplet(counts: Int[np.ndarray, "triplets 3"]) -> Json:
    """How many responses triplets have, for the results: the least, the most and the mean."""
    numbers = counts.sum(axis=1)
    return {
        "responses_per_triplet": [int(numbers.min()), int(numbers.max())],
        "mean_responses_per_triplet": rounded(float(numbers.mean())),
    }


def uncertainty_rows(
    measure: str,
    models: Sequence[Represented],
    entropies: Sequence[Float[np.ndarray, "_ triplets"]],
    human: Float[np.ndarray, "triplets"],
    *,
    temperatures: Sequence[float],
    num_resamples: int,
    seed: int,
    **of: str,
) -> tuple[list[Row], list[Row]]:
    """Correlation with `human` of each model at each of its temperatures, and paired differences.

    Pairs are compared at the temperatures that both have. `of` is what else the rows say.
    """
    # One row per model and temperature: the settings' ones for all, a student's own beside them.
    rows = [
        (place, temperature)
        for place, model in enumerate(models)
        for temperature in temperatures_of(model.model, temperatures)
    ]
    pairs = [
        (left, right)
        for before, after in compared_pairs([own.model for own in models])
        for left, (first, cold) in enumerate(rows)
        for right, (second, warm) in enumerate(rows)
        if (first, second) == (before, after) and cold == warm
    ]
    found = uncertainty_correlations(
        np.concatenate(entropies), human, pairs=pairs, num_resamples=num_resamples, seed=seed
    )
    own = [
        row(
            measure, value.interval, value.num_items, "triplets", undefined=value.undefined,
            temperature=temperature, **of, **models[place].name,
        )
        for (place, temperature), value in zip(rows, found.models, strict=True)
    ]  # fmt: skip
    changed = [
        row(
            measure, value.interval, value.num_items, "triplets", undefined=value.undefined,
            temperature=rows[left][1], **of, **between(models[rows[left][0]],
                                                       models[rows[right][0]]),
        )
        for (left, right), value in zip(pairs, found.differences, strict=True)
    ]  # fmt: skip
    return own, changed
