"""BREEDS: superclasses of ImageNet whose training and test images are of different subclasses.

Santurkar, Tsipras and Madry (2021). A task takes the nodes of one level of the modified hierarchy
that have enough classes, and deals as many classes of each to a source and a target domain:

    rand    classes drawn at random; the published ones by numpy's legacy generator of seed 2
    good    similar subclasses in both domains
    bad     similar subclasses in one of the two
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from alignet_ray.functional.class_tree import ClassTree

SplitKind = Literal["rand", "good", "bad"]

NO_SUPERCLASS = -1
_PUBLISHED_SEED = 2


class BreedsTask(NamedTuple):
    """A level of the hierarchy, the subtree it is taken from, classes of each superclass."""

    level: int
    num_subclasses: int
    ancestor: str | None


BREEDS_TASKS = {
    "entity13": BreedsTask(3, 20, None),
    "entity30": BreedsTask(4, 8, None),
    "living17": BreedsTask(5, 4, "n00004258"),
    "nonliving26": BreedsTask(5, 4, "n00021939"),
}


class SuperclassSplit(NamedTuple):
    """A superclass and its classes in the source and in the target domain, equally many."""

    superclass: str
    source: tuple[str, ...]
    target: tuple[str, ...]


class BreedsLabels(NamedTuple):
    """Number of each image's superclass, NO_SUPERCLASS where it has none, and its domain."""

    superclass: Int[np.ndarray, "images"]
    is_target: Bool[np.ndarray, "images"]


def breeds_splits(
    tree: ClassTree, task: BreedsTask, kind: SplitKind = "rand"
) -> list[SuperclassSplit]:
    """The superclasses of a task, sorted by id. Raises ValueError for fewer than two."""
    # The published splits are what this generator gives, and numpy has promised it never changes.
    legacy = np.random.RandomState(_PUBLISHED_SEED)
    splits: list[SuperclassSplit] = []
    for node in tree.nodes_at(task.level, task.ancestor):
        classes = tree.classes_below(node)
        if len(classes) < task.num_subclasses:
            continue
        half = task.num_subclasses // 2
        if kind == "rand":
            drawn = legacy.choice(len(classes), 2 * half, replace=False).tolist()
            source, target = drawn[:half], drawn[half:]
            halves = [classes[i] for i in source], [classes[i] for i in target]
        else:
            branches = _branches(tree, node)
            halves = (_alike if kind == "good" else _apart)(branches, half)
        splits.append(SuperclassSplit(node, tuple(halves[0]), tuple(halves[1])))
    if len(splits) < 2:
        raise ValueError(
            f"{len(splits)} superclasses at level {task.level} with {task.num_subclasses} classes; "
            "expected at least 2"
        )
    return splits


def breeds_labels(classes: Sequence[str], splits: Sequence[SuperclassSplit]) -> BreedsLabels:
    """The superclass and the domain of images, by the names of their classes."""
    place = {
        name: (number, is_target)
        for number, split in enumerate(splits)
        for is_target, names in ((False, split.source), (True, split.target))
        for name in names
    }
    found = [place.get(name, (NO_SUPERCLASS, False)) for name in classes]
    superclass = np.array([number for number, _ in found], dtype=np.int64)
    return BreedsLabels(superclass, np.array([is_target for _, is_target in found], np.bool_))


def _branches(tree: ClassTree, node: str) -> list[tuple[str, ...]]:
    """Classes below each child of the first node on the way down that has several, most first."""
    below = tree.children.get(node, ())
    while len(below) == 1:
        below = tree.children.get(below[0], ())
    return sorted(map(tree.classes_below, below), key=len, reverse=True)


def _alike(branches: list[tuple[str, ...]], half: int) -> tuple[list[str], list[str]]:
    """Each branch goes half to the source and half to the target, until they are full."""
    source: list[str] = []
    target: list[str] = []
    for branch in branches:
        room = half - len(source), half - len(target)
        middle = (1 if room[0] > 0 else 0) if len(branch) == 1 else min(len(branch) // 2, room[0])
        if room[0] > 0:
            source += branch[:middle]
        if room[1] > 0:
            target += branch[middle : middle + room[1]]
    return source, target


def _apart(branches: list[tuple[str, ...]], half: int) -> tuple[list[str], list[str]]:
    """Whole branches go to the domain that has fewer, which fills up with what was left over."""
    halves: tuple[list[str], list[str]] = [], []
    spare: list[str] = []
    for branch in branches:
        lengths = [len(own) for own in halves]
        if lengths[0] <= lengths[1] and lengths[0] < half:
            side = 0
        elif lengths[1] < half:
            side = 1
        else:
            continue
        room = half - lengths[side]
        spare += branch[room:]
        halves[side].extend(branch[:room])
    for own in halves:
        own += spare[: half - len(own)]
    return halves
