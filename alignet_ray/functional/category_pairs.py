"""What two images have in common in a hierarchy of classes, and how pairs of each kind are drawn.

Sorted by superordinate category, basic category and class, the later images that stand in one
relation to an image lie in one run. So all pairs of a relation can be counted and the n-th of
them found without listing any.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from alignet_ray.functional.random_streams import RandomStream

RELATIONS = ("same_class", "same_basic", "same_superordinate", "different_superordinate")
"""The lowest level that two images share, and `different_superordinate` where they share none."""

Categories = Int[np.ndarray, "images 3"]
"""Numbers of each image's class, basic and superordinate category: each is of one of the next."""


class NumberedCategories(NamedTuple):
    """Categories of the images that have some, which images these are, and what numbers mean."""

    categories: Categories
    has_some: Bool[np.ndarray, "images"]
    superordinates: tuple[str, ...]


def numbered_categories(
    classes: Sequence[str], basic: Mapping[str, str], superordinate: Mapping[str, str]
) -> NumberedCategories:
    """Numbers for each image's class and its categories, in the order of their names."""
    has_some = np.array([name in basic for name in classes], dtype=np.bool_)
    kept = [name for name in classes if name in basic]
    columns = (kept, [basic[name] for name in kept], [superordinate[name] for name in kept])
    orders = [sorted(set(column)) for column in columns]
    places = [{name: number for number, name in enumerate(order)} for order in orders]
    numbers = [
        [place[name] for name in column] for place, column in zip(places, columns, strict=True)
    ]
    categories = np.array(numbers, dtype=np.int64).reshape(3, -1).T
    return NumberedCategories(categories, has_some, tuple(orders[2]))


def relations(
    left: Int[np.ndarray, "pairs 3"], right: Int[np.ndarray, "pairs 3"]
) -> Int[np.ndarray, "pairs"]:
    """Each pair's place in RELATIONS: on how many of the three levels the two differ."""
    return (left != right).sum(axis=1)


def drawn_pairs(
    categories: Categories, most_per_relation: int, stream: RandomStream
) -> tuple[Int[np.ndarray, "pairs"], Int[np.ndarray, "pairs"]]:
    """At most so many different pairs of each relation, uniformly from all; all where few.

    Which of the two images is left is drawn too.
    """
    order = np.lexsort(categories.T)  # superordinate first, then basic, then class
    ends = _run_ends(categories[order])
    halves = [_of_relation(run, most_per_relation, stream) for run in _runs(ends)]
    pairs = order[np.concatenate(halves)]
    is_swapped = stream.integers(np.full(len(pairs), 2)) == 1
    pairs[is_swapped] = pairs[is_swapped, ::-1]
    return pairs[:, 0], pairs[:, 1]


def _run_ends(ascending: Categories) -> Int[np.ndarray, "4 images"]:
    """For each sorted image where its class, basic and superordinate category end, and all."""
    num_images = len(ascending)
    ends = np.full((len(RELATIONS), num_images), num_images)
    is_new = np.zeros(num_images, dtype=np.bool_)
    for level in (2, 1, 0):
        is_new[1:] |= ascending[1:, level] != ascending[:-1, level]
        bounds = np.append(np.flatnonzero(is_new), num_images)
        ends[level] = bounds[np.searchsorted(bounds, np.arange(num_images), side="right")]
    return ends


def _runs(
    ends: Int[np.ndarray, "4 images"],
) -> list[tuple[Int[np.ndarray, "images"], Int[np.ndarray, "images"]]]:
    """Per relation, the run of later images that stand in it to each image: start and end."""
    starts = [np.arange(1, ends.shape[1] + 1), *ends[:-1]]
    return list(zip(starts, ends, strict=True))


def _of_relation(
    run: tuple[Int[np.ndarray, "images"], Int[np.ndarray, "images"]],
    most: int,
    stream: RandomStream,
) -> Int[np.ndarray, "pairs 2"]:
    starts, ends = run
    last = np.cumsum(ends - starts)
    total = int(last[-1])
    if total <= most:
        chosen = np.arange(total)
    else:
        chosen = np.sort(stream.distinct_integers(np.array([total]), most)[0])
    first = np.searchsorted(last, chosen, side="right")
    before = np.where(first > 0, last[first - 1], 0)
    return np.stack([first, starts[first] + chosen - before], axis=1)
