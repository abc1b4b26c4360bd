"""What probes are fitted and tested on: where each model's vectors lie, and numbers of classes.

Classes are numbered by their sorted names among the training images that every model has. Test
images of other classes are left out and counted. A test set whose classes are fewer than those
that were trained on is scored among its own: predictions are kept to them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int, Shaped

from alignet_ray.evaluation.downstream_sets import DataSet, GivenTests
from alignet_ray.evaluation.image_sets import ImageSet
from alignet_ray.evaluation.references import EvaluatedModel
from alignet_ray.evaluation.representations import ChosenRows, InMemory, Source
from alignet_ray.evaluation.workbench import Workbench
from alignet_ray.records.digests import Json

Labels = Int[np.ndarray, "images"]


@dataclass(frozen=True, kw_only=True)
class TestPart:
    """Images to test on; their vectors by model, None where a model does not have them.

    Predictions are kept to `allowed` classes where these are not None.
    """

    name: str
    sources: tuple[Source | None, ...]
    labels: Labels
    allowed: tuple[int, ...] | None


@dataclass(frozen=True, kw_only=True)
class Material:
    """Images to fit on, their vectors by model, and the test parts."""

    name: str
    classes: tuple[str, ...]
    train: tuple[Source, ...]
    labels: Labels
    tests: tuple[TestPart, ...]
    is_held_out: bool

    def at_hand(self, model: int) -> "Material":
        """The same with one model's vectors in memory: many probes are fitted on them."""
        return replace(
            self,
            train=_at_hand(self.train, model),
            tests=tuple(replace(own, sources=_at_hand(own.sources, model)) for own in self.tests),
        )

    def with_shots(self, num_shots: int) -> Int[np.ndarray, "classes"]:
        """Classes with so many training images."""
        return np.flatnonzero(np.bincount(self.labels, minlength=len(self.classes)) >= num_shots)


class Prepared(NamedTuple):
    """The models that have the images, in the material's order, and what was counted."""

    models: tuple[EvaluatedModel, ...]
    material: Material
    counts: Json


def prepared(bench: Workbench, data: DataSet) -> Prepared:
    """Everything represented; the vectors stay where they are."""
    represented = bench.represent(data.images)
    rows = _rows(data.images, represented.keys)
    names, is_test = np.array(data.images.labels)[rows], data.is_test[rows]
    train_rows = np.flatnonzero(~is_test)
    classes = np.unique(names[train_rows])
    models = tuple(own.model for own in represented.models)
    if data.tests:
        parts = [_given(bench, models, classes, own) for own in data.tests]
    else:
        held_out = represented.subset(np.flatnonzero(is_test).tolist())
        sources = tuple(own.source for own in held_out.models)
        parts = [_part(data.name, sources, names[is_test], classes, is_whole=True)]
    material = Material(
        name=data.name,
        classes=tuple(classes.tolist()),
        train=tuple(own.source for own in represented.subset(train_rows.tolist()).models),
        labels=np.searchsorted(classes, names[train_rows]),
        tests=tuple(part for part, _ in parts),
        is_held_out=not data.tests,
    )
    counts = data.counts | {
        "num_rejected": len(represented.rejects),
        "num_used": len(train_rows),
        "num_classes": len(classes),
    }
    said: Json = {"name": data.name, "train": counts, "tests": [own for _, own in parts]}
    return Prepared(models, material, said)


def _given(
    bench: Workbench,
    models: Sequence[EvaluatedModel],
    classes: Shaped[np.ndarray, "classes"],
    given: GivenTests,
) -> tuple[TestPart, Json]:
    """A test set of its own, which some models may not have."""
    represented = bench.represent(given.images)
    names = np.array(given.images.labels)[_rows(given.images, represented.keys)]
    sources = {(own.model.label, own.model.variant): own.source for own in represented.models}
    by_model = tuple(sources.get((model.label, model.variant)) for model in models)
    part, counts = _part(given.name, by_model, names, classes, is_whole=False)
    of_unknown = given.counts["num_of_unknown_classes"] + counts["num_of_unknown_classes"]
    rejected = {"num_rejected": len(represented.rejects)}
    return part, given.counts | rejected | counts | {"num_of_unknown_classes": of_unknown}


def _part(
    name: str,
    sources: tuple[Source | None, ...],
    names: Shaped[np.ndarray, "images"],
    classes: Shaped[np.ndarray, "classes"],
    *,
    is_whole: bool,
) -> tuple[TestPart, Json]:
    """Images of known classes; a part that is held out is scored among all of them."""
    is_known = np.isin(names, classes)
    labels = np.searchsorted(classes, names[is_known])
    own = np.unique(labels)
    allowed = None if is_whole or len(own) == len(classes) else tuple(own.tolist())
    rows = np.flatnonzero(is_known)
    known = tuple(own and ChosenRows(source=own, rows=rows) for own in sources)
    counts: Json = {
        "name": name,
        "is_held_out": is_whole,
        "num_used": len(labels),
        "num_classes": len(own),
        "num_of_unknown_classes": int((~is_known).sum()),
        "scored_among": len(classes) if allowed is None else len(own),
    }
    return TestPart(name=name, sources=known, labels=labels, allowed=allowed), counts


def _rows(images: ImageSet, keys: Sequence[str]) -> list[int]:
    """Rows of an image set that were represented."""
    row_of = {key: row for row, key in enumerate(images.keys)}
    return [row_of[key] for key in keys]


def _at_hand(sources: tuple[Any, ...], model: int) -> tuple[Any, ...]:
    """The source of one model read; those of the others as they are."""
    own = sources[model]
    read = own and InMemory(own.read())
    return (*sources[:model], read, *sources[model + 1 :])
