"""BREEDS on the classes that a data set has: which images are of which superclass and domain.

A superclass is kept where the data have a class of its source to train and to test on, and one of
its target. A task is measured where at least half of its superclasses are kept, and at least two.
Where test images were held out, all images of target classes are tested on: none is trained on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from alignet_ray.config.downstream import DownstreamConfig
from alignet_ray.evaluation.downstream_material import Labels, Material
from alignet_ray.functional.breeds import (
    BREEDS_TASKS,
    NO_SUPERCLASS,
    SuperclassSplit,
    breeds_labels,
    breeds_splits,
)
from alignet_ray.functional.class_tree import ClassTree
from alignet_ray.records.digests import Json

TITLES = {
    "entity13": "Entity-13", "entity30": "Entity-30", "living17": "Living-17",
    "nonliving26": "Nonliving-26",
}  # fmt: skip
LEAST_SHARE = 0.5
"""Of a task's superclasses that the data must have."""


@dataclass(frozen=True, kw_only=True)
class BreedsPart:
    """One task and split: rows of a material's training and of its first test images.

    `targets` and the expected numbers are those of superclasses.
    """

    name: str
    train_rows: Int[np.ndarray, "train"]
    targets: Int[np.ndarray, "train"]
    source_rows: Int[np.ndarray, "source"]
    source_expected: Int[np.ndarray, "source"]
    target_rows: Int[np.ndarray, "target"]
    target_train_rows: Int[np.ndarray, "others"]
    target_expected: Int[np.ndarray, "target_and_others"]


def breeds_parts(
    config: DownstreamConfig, tree: ClassTree, material: Material
) -> Iterator[tuple[str, BreedsPart | None, Json]]:
    """Of each task and split its name, its images and counts; or None, and `reason` why."""
    for task in config.breeds_tasks:
        for kind in config.breeds_splits:
            name = f"{TITLES[task]} ({kind})"
            try:
                splits = breeds_splits(tree, BREEDS_TASKS[task], kind)
            except ValueError as error:  # another hierarchy than ImageNet's
                yield name, None, {"reason": f"the hierarchy has {error}"}
                continue
            yield name, *breeds_part(name, splits, material)


def breeds_part(
    name: str, splits: Sequence[SuperclassSplit], material: Material
) -> tuple[BreedsPart | None, Json]:
    """The images of a task, and counts; or None, and the `reason`: what the data lack."""
    test = material.tests[0]
    train = _sides(splits, material.classes, material.labels)
    tested = _sides(splits, material.classes, test.labels)
    kept = (
        set(train.source.tolist()) & set(tested.source.tolist())
        & {*tested.target.tolist(), *(train.target.tolist() if material.is_held_out else ())}
    ) - {NO_SUPERCLASS}  # fmt: skip
    there = {*material.classes} & {c for own in splits for c in (*own.source, *own.target)}
    num_of = sum(len(own.source) + len(own.target) for own in splits)
    if len(kept) < max(2, LEAST_SHARE * len(splits)):
        reason = (
            f"the data have {len(there)} of its {num_of} classes, and only {len(kept)} of its "
            f"{len(splits)} superclasses with classes in both domains"
        )
        return None, {"reason": reason}
    train_rows, source_rows = _rows(train.source, kept), _rows(tested.source, kept)
    target_rows = _rows(tested.target, kept)
    others = _rows(train.target, kept) if material.is_held_out else np.empty(0, np.int64)
    part = BreedsPart(
        name=name,
        train_rows=train_rows,
        targets=train.source[train_rows],
        source_rows=source_rows,
        source_expected=tested.source[source_rows],
        target_rows=target_rows,
        target_train_rows=others,
        target_expected=np.concatenate([tested.target[target_rows], train.target[others]]),
    )
    counts: Json = {
        "name": name,
        "num_superclasses": len(kept),
        "num_superclasses_of_task": len(splits),
        "num_classes": len(there),
        "num_classes_of_task": num_of,
        "num_train_images": len(train_rows),
    }
    return part, counts


@dataclass(frozen=True)
class _Sides:
    """The superclass of each image that is of a source class, and of each of a target class."""

    source: Labels
    target: Labels


def _sides(splits: Sequence[SuperclassSplit], classes: Sequence[str], labels: Labels) -> _Sides:
    found = breeds_labels(classes, splits)
    source = np.where(found.is_target, NO_SUPERCLASS, found.superclass)
    target = np.where(found.is_target, found.superclass, NO_SUPERCLASS)
    return _Sides(source[labels], target[labels])


def _rows(superclass: Labels, kept: set[int]) -> Int[np.ndarray, "rows"]:
    return np.flatnonzero(np.isin(superclass, sorted(kept)))
