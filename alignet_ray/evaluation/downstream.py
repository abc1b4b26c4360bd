"""Downstream tasks: what alignment buys where labels are few or the test images of other kinds.

Few-shot, linear and nearest-neighbour classification on frozen representations, and BREEDS's
superclasses on classes that were not trained on. One data set after the other and one model after
the other: its vectors of the data set are held once here and once in the object store, whatever
the number of models; each probe is a task.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from alignet_ray.config.downstream import DownstreamConfig
from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.evaluation.downstream_breeds import BreedsPart
from alignet_ray.evaluation.downstream_figures import (
    ACCURACY,
    LINEAR,
    SOURCE_ACCURACY,
    TARGET_ACCURACY,
    rows_of,
    sign_tests,
)
from alignet_ray.evaluation.downstream_material import Material, prepared
from alignet_ray.evaluation.downstream_plan import Plan, plan_of
from alignet_ray.evaluation.downstream_sets import DataSet, read_data_sets
from alignet_ray.evaluation.downstream_tasks import Answer, Asked, answer
from alignet_ray.evaluation.image_sets import downstream_flags, refuse_missing_labelled
from alignet_ray.evaluation.parts import lacking_flags
from alignet_ray.evaluation.references import EvaluatedModel
from alignet_ray.evaluation.rows import DIFFERENCES, FIGURES, Row
from alignet_ray.evaluation.workbench import Workbench
from alignet_ray.functional.class_tree import ClassTree
from alignet_ray.functional.probes import SHOTS_STRENGTH, STRENGTHS
from alignet_ray.records.class_hierarchy import read_class_hierarchy
from alignet_ray.records.digests import Json
from alignet_ray.records.given_files import refuse_missing_files, refuse_missing_folder
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks

HEADLINES = (ACCURACY, SOURCE_ACCURACY, TARGET_ACCURACY)


class Downstream(NamedTuple):
    """The data sets, and BREEDS's hierarchy if it is asked for."""

    sets: tuple[DataSet, ...]
    tree: ClassTree | None


def lacking(config: EvaluateConfig) -> str | None:
    """What has to be given for this part and is not; None where it can be measured."""
    return lacking_flags({"--downstream.train": config.downstream.train})


def refuse_missing(config: EvaluateConfig) -> None:
    """Raise InputError for what is named and not there."""
    own = config.downstream
    tests = own.test_sets()
    for name, places in own.train_sets().items():
        for which, urls, is_test in (
            (name, places, False), *((test, urls, True) for test, urls in tests[name].items())
        ):  # fmt: skip
            refuse_missing_labelled(urls, downstream_flags(is_test=is_test, has_labels=True))
            flag = "--downstream.test-labels" if is_test else "--downstream.labels"
            labels = own.labels_of(which, is_test=is_test)
            refuse_missing_files(((flag, labels, "a file of labels"),))
    if own.breeds is not None:
        refuse_missing_folder(own.breeds, "the files of BREEDS", "Check --downstream.breeds.")


def read(config: EvaluateConfig) -> Downstream:
    """The data sets. Raises InputError where they cannot be used."""
    own = config.downstream
    tree = None if own.breeds is None else read_class_hierarchy(own.breeds).tree
    return Downstream(read_data_sets(own, config.seed), tree)


def measure(bench: Workbench, read_in: Downstream) -> Json:
    """Figures and differences of every data set, sign tests over them, and what was counted."""
    figures: list[Row] = []
    differences: list[Row] = []
    probes: list[Json] = []
    sets: list[Json] = []
    for data in read_in.sets:
        models, material, counts = prepared(bench, data)
        plan, counted = plan_of(bench, material, read_in.tree)
        sets.append(counts | counted)
        if plan is None:
            continue
        answers = _answers(bench, material, plan.asked(len(models)), plan.parts)
        for level in plan.levels(material):
            values = [level.values(answers, model) for model in range(len(models))]
            if all(own is None for own in values):
                bench.leave_out(f"{level.level} on {level.data}", "no model has a test image of it")
            own, changed = rows_of(
                models, values, measure=level.measure, data=level.data, level=level.level
            )
            figures += own
            differences += changed
        probes += _fitted(answers, plan, material, models)
    return {
        "data": {"sets": sets, "rules": _rules(bench.config.downstream)},
        FIGURES: figures,
        DIFFERENCES: differences,
        "probes": probes,
        "sign_tests": sign_tests(figures),
    }


def _answers(
    bench: Workbench, material: Material, asked: Sequence[Asked], parts: Sequence[BreedsPart]
) -> dict[Asked, Answer]:
    """All probes of one data set, one task each, model after model."""
    answers: dict[Asked, Answer] = {}
    config = bench.config
    with progress(
        f"probing {material.name}", len(asked), "probes", is_shown=config.resources.progress
    ) as advance:
        for model in sorted({one.model for one in asked}):
            own = [one for one in asked if one.model == model]
            for one, found in map_tasks(answer, own, material.at_hand(model), parts, config.seed):
                answers[one] = found
                advance(1)
    return answers


def _fitted(
    answers: Mapping[Asked, Answer],
    plan: Plan,
    material: Material,
    models: Sequence[EvaluatedModel],
) -> list[Json]:
    """Of probes whose C was chosen, which one it was and whether they came to their end."""
    return [
        {
            "data": material.name,
            "probe": LINEAR if own.kind == "linear" else plan.parts[own.number].name,
            "label": models[own.model].label,
            "variant": models[own.model].variant,
            "strength": answers[own].strength,
            "has_converged": answers[own].has_converged,
        }
        for own in sorted(answers)
        if own.kind in ("linear", "breeds")
    ]


def _rules(config: DownstreamConfig) -> Json:
    return {
        "vectors": "standardised by the training images' mean and one standard deviation",
        "few_shot": f"C = {SHOTS_STRENGTH:g}, {config.num_seeds} draws, the same for all models",
        "linear": f"C of {', '.join(f'{c:g}' for c in STRENGTHS)}, by a held-out fifth",
        "nearest": f"{config.neighbours} votes, cosines",
        "most_train_images": config.most_train_images,
        "most_test_images": config.most_test_images,
        "held_out": f"one of {config.held_out} images of each class, where there is no test set",
        "intervals": "few-shot: over draws; all others: Wald, over test images",
    }
