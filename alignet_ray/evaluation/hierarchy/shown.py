"""What only the page needs: heat maps of superordinate categories, and images in a plane.

Both stay small whatever was measured: the largest categories, and some of the images.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.evaluation.hierarchy.changes import LabelChange, places_by_label
from alignet_ray.evaluation.hierarchy.distances import Found
from alignet_ray.evaluation.representations import Represented
from alignet_ray.functional.category_order import category_order
from alignet_ray.functional.category_pairs import Categories
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.records.digests import Json

MOST_ON_THE_MAP = 20
MOST_COLOURED = 8
MOST_POINTS = 1500
_DIGITS = 3
_SUPERORDINATE = 2


def shown_images(num_images: int, seed: int) -> Int[np.ndarray, "shown"]:
    """The images that are drawn as points, in order: all, or so many at random."""
    if num_images <= MOST_POINTS:
        return np.arange(num_images)
    return np.sort(RandomStream(seed, "hierarchy points").permutation(num_images)[:MOST_POINTS])


def heat_maps(
    models: Sequence[Represented],
    found: Sequence[Found],
    categories: Categories,
    names: Sequence[str],
) -> Json:
    """Mean z-scored distances between the largest superordinate categories, of each model.

    All maps have one order, in which near categories are neighbours.
    """
    sizes = np.bincount(categories[:, _SUPERORDINATE], minlength=len(names))
    largest = np.sort(np.argsort(-sizes, kind="stable")[:MOST_ON_THE_MAP])
    matrices = {
        place: own.by_superordinate[np.ix_(largest, largest)]
        for place, own in enumerate(found)
        if not isinstance(own, str)
    }
    if not matrices:
        return {"names": [], "num_left_out": len(names), "maps": []}
    order = category_order(np.mean(list(matrices.values()), axis=0))
    return {
        "names": [names[number] for number in largest[order]],
        "num_left_out": len(names) - len(largest),
        "maps": [
            {**models[place].name, "distances": _rounded(matrix[np.ix_(order, order)])}
            for place, matrix in matrices.items()
        ],
    }


def planes(
    models: Sequence[Represented],
    changes: Mapping[str, LabelChange],
    categories: Categories,
    names: Sequence[str],
    shown: Int[np.ndarray, "shown"],
) -> Json:
    """Each model's shown images on its first two components, and the superordinate category of
    each image: a number of `names`, -1 where it is not among the largest.
    """
    above = categories[:, _SUPERORDINATE]
    largest = np.argsort(-np.bincount(above, minlength=len(names)), kind="stable")[:MOST_COLOURED]
    number_of = {int(category): number for number, category in enumerate(largest)}
    places = places_by_label(models)
    return {
        "names": [names[number] for number in largest],
        "categories": [number_of.get(int(category), -1) for category in above[shown]],
        "planes": [
            {
                **models[place].name,
                "explained": [round(float(share), _DIGITS) for share in own_explained[:2]],
                "points": _rounded(_to_unit(points)),
            }
            for label, own in changes.items()
            for place, own_explained, points in zip(
                places[label], own.explained, own.projections, strict=True
            )
        ],
    }


def _to_unit(points: Float[np.ndarray, "shown 2"]) -> Float[np.ndarray, "shown 2"]:
    """Points moved and scaled, both coordinates alike, so that the wider one reaches -1 and 1."""
    if not len(points):
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    half = float((high - low).max()) / 2 or 1.0
    return (points - (low + high) / 2) / half


def _rounded(values: Float[np.ndarray, "rows columns"]) -> list[list[float | None]]:
    return [
        [round(float(value), _DIGITS) if np.isfinite(value) else None for value in line]
        for line in values
    ]
