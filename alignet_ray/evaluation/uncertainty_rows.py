"""Rows that say whether models are unsure where people are: rank correlations of entropies."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from alignet_ray.evaluation.pairs import between, compared_pairs
from alignet_ray.evaluation.representations import Represented
from alignet_ray.evaluation.rows import Row, row
from alignet_ray.evaluation.temperatures import temperatures_of
from alignet_ray.functional.uncertainty import uncertainty_correlations


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
