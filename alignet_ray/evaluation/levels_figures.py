"""Figures of Levels: accuracy, ceilings and uncertainty at each level, from what models chose.

One task per similarity for the accuracies, and one per similarity, level and human measure for
the rank correlations, which take the longest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from alignet_ray.evaluation.levels_people import IMAGES_NAME, levels_shown, rows_at
from alignet_ray.evaluation.odd_one_out import (
    MAJORITY_SHARE,
    ONE_AGAINST_OTHERS,
    UNCERTAINTY,
    ceiling_rows,
)
from alignet_ray.evaluation.pairs import between, compared_pairs
from alignet_ray.evaluation.representations import Represented
from alignet_ray.evaluation.rows import CEILINGS, DIFFERENCES, FIGURES, Row, row
from alignet_ray.evaluation.uncertainty_rows import uncertainty_rows
from alignet_ray.functional.level_scores import LevelScores, level_scores
from alignet_ray.functional.levels import JudgedTriplets
from alignet_ray.functional.triplet_scores import TripletScores
from alignet_ray.functional.uncertainty import people_entropy
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks

ACCURACY = "accuracy against the majority"
SOFT_ACCURACY = "share of people who choose the same"
AGAINST_ENTROPY = UNCERTAINTY
AGAINST_TIME = "rank correlation of model entropy with response time"

Rows = dict[str, list[Row]]
Item = tuple[str, str, str]
"""A similarity, a measure and a level; an accuracy's level is empty, as it is of all levels."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What people and models said of the same triplets.

    `scores` are by similarity, in the order of the models, with entropies at each one's
    `temperatures_of`.
    """

    models: Sequence[Represented]
    scores: Mapping[str, Sequence[TripletScores]]
    judged: JudgedTriplets
    temperatures: Sequence[float]
    num_resamples: int
    seed: int


def figures(chosen: Chosen, *, shows_progress: bool = True) -> Rows:
    """All rows, by similarity and then by level; the ceilings once. Needs a Ray session."""
    items = items_of(chosen)
    found: dict[Item, Rows] = {}
    with progress("compared", len(items), "measures", is_shown=shows_progress) as advance:
        for item, rows in map_tasks(rows_of_item, items, chosen):
            found[item] = rows
            advance(1)
    return joined([found[item] for item in items])


def items_of(chosen: Chosen) -> list[Item]:
    """What is to be calculated, in the order of the rows."""
    return [
        item
        for name in chosen.scores
        for item in (
            (name, ACCURACY, ""),
            *(
                (name, measure, level)
                for measure in (AGAINST_TIME, AGAINST_ENTROPY)
                for level in levels_shown(chosen.judged)
            ),
        )
    ]


def rows_of_item(item: Item, chosen: Chosen) -> Rows:
    """The rows of one item; the ceilings come with the first similarity's accuracies."""
    similarity, measure, level = item
    if measure == ACCURACY:
        return _accuracies(similarity, chosen)
    human = _human(measure, chosen.judged)
    rows = rows_at(chosen.judged, level)
    own, changed = uncertainty_rows(
        measure,
        chosen.models,
        [scores.entropies[:, rows] for scores in chosen.scores[similarity]],
        human[rows],
        temperatures=chosen.temperatures,
        num_resamples=chosen.num_resamples,
        seed=chosen.seed,
        similarity=similarity,
        data=IMAGES_NAME,
        level=level,
    )
    return {FIGURES: own, DIFFERENCES: changed, CEILINGS: []}


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows of several items, one after the other."""
    return {
        kind: [own for rows in parts for own in rows[kind]]
        for kind in (FIGURES, DIFFERENCES, CEILINGS)
    }


def _human(measure: str, judged: JudgedTriplets) -> Float[np.ndarray, "triplets"]:
    if measure == AGAINST_TIME:
        return judged.mean_log_seconds
    return people_entropy(judged.own_counts)


def _accuracies(similarity: str, chosen: Chosen) -> Rows:
    pairs = compared_pairs([own.model for own in chosen.models])
    scored = level_scores(
        np.stack([scores.choice for scores in chosen.scores[similarity]]),
        chosen.judged.counts,
        chosen.judged.level,
        pairs=pairs,
        num_resamples=chosen.num_resamples,
        seed=chosen.seed,
    )
    parts = [_level_rows(similarity, level, own, chosen, pairs) for level, own in scored.items()]
    if similarity != next(iter(chosen.scores)):
        return {**joined(parts), CEILINGS: []}
    return joined(parts)


def _level_rows(
    similarity: str,
    level: str,
    scored: LevelScores,
    chosen: Chosen,
    pairs: Sequence[tuple[int, int]],
) -> Rows:
    of = {"similarity": similarity, "data": IMAGES_NAME, "level": level}
    num = scored.num_triplets
    models = chosen.models
    rows: Rows = {FIGURES: [], DIFFERENCES: [], CEILINGS: _ceilings(level, scored)}
    for measure, own, changed in (
        (ACCURACY, scored.accuracy, scored.accuracy_differences),
        (SOFT_ACCURACY, scored.soft_accuracy, scored.soft_accuracy_differences),
    ):
        rows[FIGURES] += [
            row(measure, interval, num, "triplets", **of, **model.name)
            for model, interval in zip(models, own, strict=True)
        ]
        rows[DIFFERENCES] += [
            row(measure, interval, num, "triplets", **of, **between(models[before], models[after]))
            for (before, after), interval in zip(pairs, changed, strict=True)
        ]
    return rows


def _ceilings(level: str, scored: LevelScores) -> list[Row]:
    return ceiling_rows(
        scored.ceilings, (ONE_AGAINST_OTHERS, MAJORITY_SHARE), data=IMAGES_NAME, level=level
    )
