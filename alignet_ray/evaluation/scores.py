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


def score_models(
    models: Sequence[Represented],
    triplets: Int[np.ndarray, "triplets 3"],
    *,
    similarity: str,
    temperatures: Sequence[float],
    shows_progress: bool = True,
) -> list[TripletScores]:
    """Choices and entropies of every model under one similarity, in the order of the models.

    Triplets are rows of vectors; entropies are at each model's `temperatures_of`.
    """
    found: dict[int, TripletScores] = {}
    shared = (tuple(models), triplets, similarity, tuple(temperatures))
    with progress("scored", len(models), "models", is_shown=shows_progress) as advance:
        for place, scores in map_tasks(_scores, range(len(models)), *shared):
            found[place] = scores
            advance(1)
    return [found[place] for place in range(len(models))]


def _scores(
    place: int,
    models: Sequence[Represented],
    triplets: Int[np.ndarray, "triplets 3"],
    similarity: str,
    temperatures: Sequence[float],
) -> TripletScores:
    space = as_similarity_space(models[place].read(), similarity)
    return score_triplets(space, triplets, temperatures_of(models[place].model, temperatures))
