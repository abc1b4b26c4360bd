"""Which probes of one data set are asked for, and which answers make which row of the results."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from alignet_ray.config.downstream import DownstreamConfig
from alignet_ray.evaluation.downstream_breeds import BreedsPart, breeds_parts
from alignet_ray.evaluation.downstream_figures import (
    ACCURACY,
    LINEAR,
    SOURCE_ACCURACY,
    TARGET_ACCURACY,
    Values,
    nearest_level,
    shots_level,
)
from alignet_ray.evaluation.downstream_material import Material
from alignet_ray.evaluation.downstream_tasks import Answer, Asked
from alignet_ray.evaluation.workbench import Workbench
from alignet_ray.functional.class_tree import ClassTree
from alignet_ray.records.digests import Json

_SHOWN = 3


class Level(NamedTuple):
    """A row per model: the answers that it is made of (of model 0), and which of their parts."""

    measure: str
    data: str
    level: str
    asked: Sequence[Asked]
    place: int

    def values(self, answers: Mapping[Asked, Answer], model: int) -> Values | None:
        """Of several draws the accuracy of each, of one probe whether each image is right."""
        found = [answers[one._replace(model=model)].correct[self.place] for one in self.asked]
        there = [own for own in found if own is not None]
        if len(there) < len(found):
            return None
        return there[0] if len(there) == 1 else np.array([own.mean() for own in there])


class Plan(NamedTuple):
    """Shots and BREEDS tasks that this data set allows, and the settings."""

    config: DownstreamConfig
    shots: tuple[int, ...]
    parts: tuple[BreedsPart, ...]

    def asked(self, num_models: int) -> list[Asked]:
        """Every probe once, the longest first."""
        models = range(num_models)
        draws = range(self.config.num_seeds)
        items = [Asked(model, "linear", 0) for model in models if self.config.linear]
        if self.config.neighbours:
            items += [Asked(model, "nearest", self.config.neighbours) for model in models]
        items += [Asked(m, "breeds", number) for number in range(len(self.parts)) for m in models]
        most_first = sorted(self.shots, reverse=True)
        items += [
            Asked(m, "few-shot", k, draw) for k in most_first for draw in draws for m in models
        ]
        return items

    def levels(self, material: Material) -> Iterator[Level]:
        """The rows, test set by test set, BREEDS last."""
        draws = range(self.config.num_seeds)
        votes = self.config.neighbours
        for place, test in enumerate(material.tests):
            for k in self.shots:
                asked = [Asked(0, "few-shot", k, draw) for draw in draws]
                yield Level(ACCURACY, test.name, shots_level(k), asked, place)
            if self.config.linear:
                yield Level(ACCURACY, test.name, LINEAR, [Asked(0, "linear", 0)], place)
            if votes:
                asked = [Asked(0, "nearest", votes)]
                yield Level(ACCURACY, test.name, nearest_level(votes), asked, place)
        for number, part in enumerate(self.parts):
            for place, measure in enumerate((SOURCE_ACCURACY, TARGET_ACCURACY)):
                asked = [Asked(0, "breeds", number)]
                yield Level(measure, material.name, part.name, asked, place)


def plan_of(
    bench: Workbench, material: Material, tree: ClassTree | None
) -> tuple[Plan | None, Json]:
    """What can be measured, and counts; what cannot is left out with the reason."""
    if len(material.classes) < 2:
        value = f"{len(material.classes)} class left that every model has an image of"
        bench.leave_out(material.name, f"{value}; at least 2 are needed")
        return None, {}
    config = bench.config.downstream
    shots, by_shots = _shots(bench, material)
    parts, breeds = _breeds(bench, material, tree)
    return Plan(config, shots, parts), {"shots": by_shots, "breeds": breeds}


def _shots(bench: Workbench, material: Material) -> tuple[tuple[int, ...], Json]:
    """Shots that two classes have images for; classes with fewer images are counted."""
    counted: Json = {}
    kept: list[int] = []
    for num_shots in bench.config.downstream.shots:
        num = len(material.with_shots(num_shots))
        counted[str(num_shots)] = {
            "num_classes": num, "num_classes_with_fewer_images": len(material.classes) - num
        }  # fmt: skip
        if num >= 2:
            kept.append(num_shots)
            continue
        reason = f"{num} classes have {num_shots} training images; at least 2 are needed"
        bench.leave_out(f"{shots_level(num_shots)} on {material.name}", reason)
    return tuple(kept), counted


def _breeds(
    bench: Workbench, material: Material, tree: ClassTree | None
) -> tuple[tuple[BreedsPart, ...], list[Json]]:
    """BREEDS's tasks; those that the data have too few classes of are left out."""
    if tree is None:
        return (), []
    if not set(tree.classes) & set(material.classes):
        shown = ", ".join(material.classes[:_SHOWN])
        reason = f"its labels ({shown}) are no classes of BREEDS"
        bench.leave_out(f"BREEDS on {material.name}", reason)
        return (), []
    parts: list[BreedsPart] = []
    counted: list[Json] = []
    for task, part, said in breeds_parts(bench.config.downstream, tree, material):
        if part is None:
            bench.leave_out(f"BREEDS {task} on {material.name}", said["reason"])
        else:
            parts.append(part)
            counted.append(said)
    return tuple(parts), counted
