"""One probe of one model on one data set: the work of one task, the same in any process.

Memory of a task: its model's vectors of the data set lie in the object store; a probe of all images
holds three float32 copies of its training vectors (`functional/softmax_regression.py`), k-NN a
float64 copy of training and test vectors.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from alignet_ray.evaluation.downstream_breeds import BreedsPart
from alignet_ray.evaluation.downstream_material import Material, TestPart
from alignet_ray.functional.nearest_classes import nearest_class
from alignet_ray.functional.probes import fit_probe, linear_probe, shot_rows

Correct = Bool[np.ndarray, "images"]


class Asked(NamedTuple):
    """A probe: of which model, what kind, its number (shots, neighbours, place of the BREEDS part)
    and the draw of its shots.
    """

    model: int
    kind: Literal["linear", "breeds", "few-shot", "nearest"]
    number: int
    draw: int = 0


class Answer(NamedTuple):
    """Which test images were right, by test part, or by domain (source, target) for BREEDS.

    None for test images that the model does not have. Of fitted probes C and whether they ended.
    """

    correct: tuple[Correct | None, ...]
    strength: float | None = None
    has_converged: bool = True


def answer(asked: Asked, material: Material, parts: Sequence[BreedsPart], seed: int) -> Answer:
    """What was asked."""
    if asked.kind == "breeds":
        return _breeds(material, asked.model, parts[asked.number], seed)
    train, labels = material.train[asked.model].read(), material.labels
    if asked.kind == "nearest":
        found = [_nearest(train, labels, asked, test) for test in material.tests]
        return Answer(tuple(found))
    if asked.kind == "few-shot":
        rows = _rows_of(labels, material.with_shots(asked.number))
        rows = rows[shot_rows(labels[rows], asked.number, seed, asked.draw)]
        probe = fit_probe(train[rows], labels[rows])
    else:
        probe = linear_probe(train, labels, seed=seed)
    correct: list[Correct | None] = []
    for test in material.tests:
        vectors, expected = tested(test, asked.model, probe.classes)
        if vectors is None:
            correct.append(None)
            continue
        predicted = probe.predictions(vectors, allowed=test.allowed)
        correct.append(predicted == expected)
    return Answer(tuple(correct), probe.strength, probe.has_converged)


def tested(
    test: TestPart, model: int, classes: Int[np.ndarray, "classes"]
) -> tuple[Float[np.ndarray, "images dim"] | None, Int[np.ndarray, "images"]]:
    """The test images of the classes of a probe, if the model has any; and their labels."""
    rows = _rows_of(test.labels, classes)
    source = test.sources[model]
    if source is None or not len(rows):
        return None, test.labels[rows]
    return source.read()[rows], test.labels[rows]


def _nearest(
    train: Float[np.ndarray, "train dim"],
    labels: Int[np.ndarray, "train"],
    asked: Asked,
    test: TestPart,
) -> Correct | None:
    """Training images of the classes that are not allowed have no vote."""
    source = test.sources[asked.model]
    if source is None or not len(test.labels):
        return None
    if test.allowed is not None:
        rows = _rows_of(labels, np.array(test.allowed))
        train, labels = train[rows], labels[rows]
    return nearest_class(train, labels, source.read(), asked.number) == test.labels


def _breeds(material: Material, model: int, part: BreedsPart, seed: int) -> Answer:
    source = material.tests[0].sources[model]
    if source is None:
        return Answer((None, None))
    train, test = material.train[model].read(), source.read()
    probe = linear_probe(train[part.train_rows], part.targets, seed=seed)
    target = np.concatenate([test[part.target_rows], train[part.target_train_rows]])
    source = probe.predictions(test[part.source_rows]) == part.source_expected
    return Answer(
        (source, probe.predictions(target) == part.target_expected),
        probe.strength,
        probe.has_converged,
    )


def _rows_of(
    labels: Int[np.ndarray, "images"], classes: Int[np.ndarray, "classes"]
) -> Int[np.ndarray, "rows"]:
    return np.flatnonzero(np.isin(labels, classes))
