"""Mean distances of every model by what two images have in common, as rows of the results.

One task a model, which reads its vectors. Intervals are the jackknife's over images: pairs that
share an image are not independent. Differences between models are paired, as all see the same
images.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from alignet_ray.evaluation.hierarchy.sorted_images import IMAGES_NAME
from alignet_ray.evaluation.pairs import between, compared_pairs
from alignet_ray.evaluation.representations import Represented, Source
from alignet_ray.evaluation.rows import Row, row
from alignet_ray.functional.bootstrap import Interval
from alignet_ray.functional.category_pairs import RELATIONS, Categories
from alignet_ray.functional.hierarchy import RelationDistances, relation_distances
from alignet_ray.functional.jackknife import jackknife_interval
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks

DISTANCE = "mean distance between images, in standard deviations"
SEPARATION = "separation of superordinate categories, in standard deviations"
LAYER_DISTANCE = "mean distance between images in an inner layer, in standard deviations"
LEVELS = tuple(relation.replace("_", " ") for relation in RELATIONS)
"""Relations as rows name them, in the order of RELATIONS."""

_WORDS = (
    "one class",
    "one basic category and different classes",
    "one superordinate category and different basic ones",
    "different superordinate categories",
)
_INSIDE, _BETWEEN = 2, 3  # places of the two superordinate relations in RELATIONS
_NOTHING = Interval(np.nan, np.nan, np.nan)
_NO_INTERVAL = "no interval: all its pairs show one image"

Found = RelationDistances | str
"""What a model's distances are, or why they are not defined."""


class Figure(NamedTuple):
    """An estimate, the same without each image, and why it is not defined, if it is not."""

    estimate: float
    without: Float[np.ndarray, "images"]
    num_pairs: int
    undefined: str | None = None

    def less(self, other: "Figure") -> "Figure":
        """The difference to another model's."""
        return Figure(
            self.estimate - other.estimate,
            self.without - other.without,
            self.num_pairs,
            other.undefined or self.undefined,
        )

    def row(self, measure: str, of: Mapping[str, str]) -> Row:
        """As a row of the results."""
        interval, why = _NOTHING, self.undefined
        if self.undefined is None:
            interval = jackknife_interval(self.estimate, self.without)
            why = None if np.isfinite(interval.low) else _NO_INTERVAL
        return row(
            measure, interval, self.num_pairs, "pairs", undefined=why, data=IMAGES_NAME, **of
        )


def measured_distances(
    models: Sequence[Represented], categories: Categories, *, is_shown: bool
) -> list[Found]:
    """Of each model, in order; why not where its vectors have no distances to compare."""
    found: dict[int, Found] = {}
    with progress("distances", len(models), "models", is_shown=is_shown) as advance:
        sources = [own.source for own in models]
        for place, own in map_tasks(_distances, range(len(models)), sources, categories):
            found[place] = own
            advance(1)
    return [found[place] for place in range(len(models))]


def distance_rows(
    models: Sequence[Represented], found: Sequence[Found], categories: Categories, measure: str,
    **of: str,
) -> tuple[list[Row], list[Row]]:  # fmt: skip
    """A row of each model and relation, and of each compared pair of models and relation."""
    num_images = len(categories)
    numbers = range(len(RELATIONS))
    figures = [[_figure(own, number, num_images) for number in numbers] for own in found]
    own_rows = [
        figures[place][number].row(measure, {"level": LEVELS[number], **model.name, **of})
        for number in numbers
        for place, model in enumerate(models)
    ]
    changes = [
        figures[after][number].less(figures[before][number]).row(
            measure, {"level": LEVELS[number], **between(models[before], models[after]), **of}
        )
        for number in numbers
        for before, after in compared_pairs([own.model for own in models])
    ]  # fmt: skip
    return own_rows, changes


def separation_rows(
    models: Sequence[Represented], found: Sequence[Found], num_images: int
) -> tuple[list[Row], list[Row]]:
    """How much farther apart images of different superordinate categories are than those of one
    (and of different basic ones), of each model and each compared pair of models.
    """
    figures = [_separation(own, num_images) for own in found]
    own_rows = [
        figure.row(SEPARATION, model.name) for figure, model in zip(figures, models, strict=True)
    ]
    changes = [
        figures[after].less(figures[before]).row(SEPARATION, between(models[before], models[after]))
        for before, after in compared_pairs([own.model for own in models])
    ]
    return own_rows, changes


def _distances(place: int, sources: Sequence[Source], categories: Categories) -> Found:
    try:
        return relation_distances(sources[place].read(), categories)
    except ValueError as error:
        return str(error)


def _separation(found: Found, num_images: int) -> Figure:
    between_them = _figure(found, _BETWEEN, num_images)
    inside = _figure(found, _INSIDE, num_images)
    num_pairs = between_them.num_pairs + inside.num_pairs
    return between_them.less(inside)._replace(num_pairs=num_pairs)


def _figure(found: Found, number: int, num_images: int) -> Figure:
    nothing = np.full(num_images, np.nan)
    if isinstance(found, str):
        return Figure(np.nan, nothing, 0, found)
    num_pairs = int(found.num_pairs[number])
    if not num_pairs:
        return Figure(np.nan, nothing, 0, f"no two images of {_WORDS[number]}")
    return Figure(float(found.mean[number]), found.without[:, number], num_pairs)
