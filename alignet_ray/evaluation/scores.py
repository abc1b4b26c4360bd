"""What every model says of triplets: one task per model and similarity, each scored once.

A task reads its model's vectors, those of no other. What comes back is small: one byte a triplet
and eight more for each temperature.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from alignet_ray.evaluation.representations import Represented
from alignet_ray.evaluation.temperatures import temperatures_of
from alignet_ray.functional.odd_one_out import as_similarity_space
from alignet_ray.functional.triplet_scores import TripletScores, score_triplets
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks

Scores = dict[str, list[TripletScores]]
"""By similarity, in the order of the models; entropies are at each model's `temperatures_of`."""


def score_models(
    models: Sequence[Represented],
    triplets: Int[np.ndarray, "triplets 3"],
    *,
    similarities: Sequence[str],
    temperatures: Sequence[float],
    shows_progress: bool = True,
) -> Scores:
    """Choices and entropies of every model under every similarity. Triplets are rows of vectors."""
    items = [(place, name) for name in similarities for place in range(len(models))]
    found: dict[tuple[int, str], TripletScores] = {}
    with progress("scored", len(items), "models", is_shown=shows_progress) as advance:
        for item, scores in map_tasks(_scores, items, tuple(models), triplets, tuple(temperatures)):
            found[item] = scores
            advance(1)
    return {name: [found[place, name] for place in range(len(models))] for name in similarities}


def _scores(
    item: tuple[int, str],
    models: Sequence[Represented],
    triplets: Int[np.ndarray, "triplets 3"],
    temperatures: Sequence[float],
) -> TripletScores:
    place, similarity = item
    space = as_similarity_space(models[place].read(), similarity)
    return score_triplets(space, triplets, temperatures_of(models[place].model, temperatures))
