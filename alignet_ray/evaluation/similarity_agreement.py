"""How alike models are to each other: correlations of their similarity matrices.

Before alignment models of different training differ; what alignment brings together shows in the
matrix after it.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from alignet_ray.evaluation.references import AS_IS, COMPARED
from alignet_ray.evaluation.representations import Representations, Source
from alignet_ray.evaluation.rows import Row, rounded, row
from alignet_ray.functional.bootstrap import Interval
from alignet_ray.functional.rsa import model_agreement
from alignet_ray.records.digests import Json
from alignet_ray.stages.tasks import map_tasks

MEAN_AGREEMENT = "mean rank correlation between models"
FIRST, LAST = "before", "after"
_BLOCK_MODELS = 4
"""A task compares at most two blocks, and so holds the ranks of at most so many twice."""

Matrix = Float[np.ndarray, "models models"]


class Sides(NamedTuple):
    """Positions of the labels that have a before and an after, and of models as they are."""

    first: list[int]
    last: list[int]
    as_is: list[int]


def agreement_of(name: str, represented: Representations) -> tuple[Json, list[Row]]:
    """The matrix of all models on an image set, and its means.

    Those before and after are of the same labels, which have both; models as they are have one of
    their own.
    """
    models = represented.models
    matrix = model_matrix([own.source for own in models])
    sides = sides_of([own.name for own in models])
    rows = [
        _mean_row(matrix, places, name, variant)
        for places, variant in zip(sides, (FIRST, LAST, AS_IS), strict=True)
        if len(places) > 1
    ]
    undefined = [own.name for place, own in enumerate(models) if math.isnan(matrix[place, place])]
    record: Json = {
        "data": name,
        "num_images": len(represented.keys),
        "models": [own.name for own in models],
        "matrix": [[rounded(value) for value in line] for line in matrix.tolist()],
        "undefined": [
            {**own, "reason": "all similarities of the model are equal"} for own in undefined
        ],
    }  # fmt: skip
    return record, rows


def model_matrix(sources: Sequence[Source]) -> Matrix:
    """Spearman's correlation of each two models' Pearson matrices; inside `ray_session`.

    Whatever the number of models, a task holds the ranks of at most eight: 200 MB each for 10,000
    images.
    """
    blocks = [
        tuple(range(start, min(start + _BLOCK_MODELS, len(sources))))
        for start in range(0, len(sources), _BLOCK_MODELS)
    ]
    items = [first + second for first, second in combinations(blocks, 2)] or blocks
    matrix = np.full((len(sources), len(sources)), np.nan)
    for places, found in map_tasks(_agreement, items, list(sources)):
        matrix[np.ix_(places, places)] = found
    return matrix


def sides_of(models: Sequence[Mapping[str, str]]) -> Sides:
    """The sides of models by label and variant, in their order; other models are on none."""
    by_label: dict[str, list[int]] = {}
    for place, own in enumerate(models):
        by_label.setdefault(own["label"], []).append(place)
    both = [
        (first, last)
        for places in by_label.values()
        for first, last in pairwise(places)
        if (models[first]["variant"], models[last]["variant"]) in COMPARED
    ]
    as_is = [place for place, own in enumerate(models) if own["variant"] == AS_IS]
    return Sides([first for first, _ in both], [last for _, last in both], as_is)


def _agreement(places: tuple[int, ...], sources: Sequence[Source]) -> Matrix:
    return model_agreement(sources[place].read() for place in places)


def _mean_row(matrix: Matrix, places: Sequence[int], name: str, variant: str) -> Row:
    values = [float(matrix[pair]) for pair in combinations(places, 2)]
    defined = [value for value in values if not math.isnan(value)]
    mean = float(np.mean(defined)) if defined else math.nan
    undefined = None if defined else "all similarities of the models are equal"
    return row(
        MEAN_AGREEMENT, Interval(mean, math.nan, math.nan), len(defined), "pairs of models",
        undefined=undefined, data=name, variant=variant,
    )  # fmt: skip
