"""What the page shows beside the metrics: a few objects with their neighbours, dimensions, curves.

They are chosen once, when all vectors are at hand, and kept in `report/facts.json`: the page can
be made again from it and from the bundle, without embedding anything.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.functional.dimensions import widest_dimensions
from alignet_ray.functional.neighbours import (
    Neighbours,
    choose_objects,
    nearest_neighbours,
    num_shared,
)
from alignet_ray.functional.odd_one_out import as_similarity_space
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.records.digests import Json

NEIGHBOUR_SIMILARITY = "centred_cosine"
_NUM_NEIGHBOURS, _NUM_WIDE = 6, 100
_NUM_MOST_CHANGED, _NUM_RANDOM = 8, 4
_NUM_DIMENSIONS, _NUM_TOP_OBJECTS = 12, 8


@dataclass(frozen=True, kw_only=True)
class HumanSpace:
    """A human embedding: its mean, one row per object id. Any order, any superset."""

    object_ids: tuple[str, ...]
    mean: Float[np.ndarray, "objects dims"]


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Cross-entropy on validation triplets after epoch 1, 2, ..., and the epoch that all folds
    together chose, or this one's last where it stopped before.
    """

    name: str
    cross_entropies: tuple[float, ...]
    chosen_epoch: int | None


@dataclass(frozen=True, kw_only=True)
class TeacherReport:
    """All that a report is made of: the bundle's metrics, and vectors before and after its map.

    `image_urls` is by object id and may be empty: then ids stand in place of pictures. `backbone`
    is None where representations were given ready.
    """

    metrics: Json
    backbone: Json | None
    object_ids: tuple[str, ...]
    before: Float[np.ndarray, "objects before"]
    after: Float[np.ndarray, "objects after"]
    image_urls: Mapping[str, str] = field(default_factory=dict)
    human: HumanSpace | None = None
    curves: tuple[Curve, ...] = ()
    settings: Json = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class NeighbourRow:
    """An object and its nearest neighbours, nearest first; `human` is None where not known."""

    object_id: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    human: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class SharedNeighbours:
    """Of the `count` nearest in the human embedding, how many are among as many nearest in the
    other spaces: means over the objects that are in all of them.
    """

    count: int
    before: float
    after: float


@dataclass(frozen=True, kw_only=True)
class NeighbourFacts:
    """Rows to show, the most changed first, and means over all objects.

    `shared` says how human the neighbourhoods are, near and wide; empty where nothing is known.
    """

    count: int
    num_objects: int
    mean_replaced: float
    shared: tuple[SharedNeighbours, ...]
    most_changed: tuple[NeighbourRow, ...]
    random: tuple[NeighbourRow, ...]


@dataclass(frozen=True, kw_only=True)
class DimensionStrip:
    """A dimension of the human embedding, numbered from 1 in its file, by its top objects."""

    number: int
    share: float
    object_ids: tuple[str, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class DimensionFacts:
    """The widest dimensions of `num_dimensions`."""

    num_dimensions: int
    num_objects: int
    strips: tuple[DimensionStrip, ...]


@dataclass(frozen=True, kw_only=True)
class ReportFacts:
    """What was chosen to be shown, and where the pictures of those objects lie."""

    neighbours: NeighbourFacts | None
    dimensions: DimensionFacts | None
    curves: tuple[Curve, ...]
    image_urls: dict[str, str]


def gather(report: TeacherReport) -> ReportFacts:
    """Choose what is shown; the same choice every time."""
    neighbours, dimensions = _neighbours(report), _dimensions(report.human)
    shown = sorted(_shown(neighbours, dimensions))
    return ReportFacts(
        neighbours=neighbours,
        dimensions=dimensions,
        curves=report.curves,
        image_urls={i: report.image_urls[i] for i in shown if i in report.image_urls},
    )


def _neighbours(report: TeacherReport) -> NeighbourFacts | None:
    ids = report.object_ids
    assert len(ids) == len(report.before) == len(report.after)
    before, after = (_nearest(own) for own in (report.before, report.after))
    if not before.size:
        return None
    human = _human_neighbours(report)
    near = min(_NUM_NEIGHBOURS, before.shape[1])
    replaced = near - num_shared(before[:, :near], after[:, :near])
    most, others = choose_objects(
        replaced, num_most_changed=_NUM_MOST_CHANGED, num_random=_NUM_RANDOM,
        stream=RandomStream(report.seed, "teacher_report"),
    )  # fmt: skip

    def row(number: int) -> NeighbourRow:
        own = human.get(number)
        return NeighbourRow(
            object_id=ids[number],
            before=_named(ids, before[number, :near]),
            after=_named(ids, after[number, :near]),
            human=None if own is None else _named(ids, own[:near]),
        )

    return NeighbourFacts(
        count=near,
        num_objects=len(ids),
        mean_replaced=float(replaced.mean()),
        shared=tuple(_shared(before, after, human)),
        most_changed=tuple(map(row, most)),
        random=tuple(map(row, others)),
    )


def _nearest(vectors: Float[np.ndarray, "objects dim"]) -> Neighbours:
    return nearest_neighbours(as_similarity_space(vectors, NEIGHBOUR_SIMILARITY), _NUM_WIDE)


def _shared(
    before: Neighbours, after: Neighbours, human: dict[int, Int[np.ndarray, "known"]]
) -> Iterator[SharedNeighbours]:
    """Near and wide, where there are more than twice as many objects to tell them apart."""
    if not human:
        return
    rows, people = list(human), np.array(list(human.values()))
    for count in (_NUM_NEIGHBOURS, _NUM_WIDE):
        if 2 * count < len(rows):
            spaces = (before[rows, :count], after[rows, :count])
            means = [float(num_shared(own, people[:, :count]).mean()) for own in spaces]
            yield SharedNeighbours(count=count, before=means[0], after=means[1])


def _named(ids: tuple[str, ...], rows: Int[np.ndarray, "count"]) -> tuple[str, ...]:
    return tuple(ids[row] for row in rows.tolist())


def _human_neighbours(report: TeacherReport) -> dict[int, Int[np.ndarray, "count"]]:
    """Object row -> rows of its nearest in the human embedding, among objects that are in both."""
    if report.human is None:
        return {}
    row_of = {object_id: row for row, object_id in enumerate(report.human.object_ids)}
    common = np.array([i for i, own in enumerate(report.object_ids) if own in row_of], np.int64)
    if len(common) < 2:
        return {}
    mean = report.human.mean[[row_of[report.object_ids[i]] for i in common.tolist()]]
    return dict(zip(common.tolist(), common[_nearest(mean)], strict=True))


def _dimensions(human: HumanSpace | None) -> DimensionFacts | None:
    if human is None:
        return None
    found = widest_dimensions(human.mean, count=_NUM_DIMENSIONS, num_objects=_NUM_TOP_OBJECTS)
    strips = tuple(
        DimensionStrip(
            number=own.column + 1,
            share=own.share,
            object_ids=tuple(human.object_ids[row] for row in own.rows),
            weights=own.weights,
        )
        for own in found
    )
    num_objects, num_dimensions = human.mean.shape
    return DimensionFacts(num_dimensions=num_dimensions, num_objects=num_objects, strips=strips)


def _shown(neighbours: NeighbourFacts | None, dimensions: DimensionFacts | None) -> Iterable[str]:
    found: set[str] = set()
    if neighbours is not None:
        for row in (*neighbours.most_changed, *neighbours.random):
            found |= {row.object_id, *row.before, *row.after, *(row.human or ())}
    if dimensions is not None:
        for strip in dimensions.strips:
            found |= set(strip.object_ids)
    return found
