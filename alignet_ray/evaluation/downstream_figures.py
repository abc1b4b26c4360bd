"""Rows of the downstream part: accuracies, paired differences, and a sign test over data sets.

few-shot           mean over draws; intervals and differences over the same draws
all other probes   share of the test images; Wald intervals, differences over the same images
"""

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Shaped

from alignet_ray.evaluation.pairs import between_models, compared_pairs
from alignet_ray.evaluation.references import COMPARED, EvaluatedModel
from alignet_ray.evaluation.rows import Row, row, significant
from alignet_ray.functional.bootstrap import Interval
from alignet_ray.functional.intervals import (
    difference_interval,
    mean_interval,
    sign_test,
    wald_interval,
)

ACCURACY = "classification accuracy"
SOURCE_ACCURACY = "BREEDS accuracy on source classes"
TARGET_ACCURACY = "BREEDS accuracy on target classes"
LINEAR = "linear probe"
DRAWS, IMAGES = "draws", "images"

Values = Shaped[np.ndarray, "values"]


def shots_level(num_shots: int) -> str:
    """What a few-shot probe is called."""
    return f"{num_shots}-shot"


def nearest_level(num_neighbours: int) -> str:
    """What k-NN is called."""
    return f"{num_neighbours}-NN"


def rows_of(
    models: Sequence[EvaluatedModel],
    values: Sequence[Values | None],
    *,
    measure: str,
    data: str,
    level: str,
) -> tuple[list[Row], list[Row]]:
    """Figures of the models that have values, and the differences between those compared.

    Values are an accuracy per draw (floats), or for each test image whether it was right.
    """
    of = {"data": data, "level": level}
    figures = [
        row(
            measure, _interval(own), len(own), _unit(own), label=model.label,
            variant=model.variant, **of,
        )
        for model, own in zip(models, values, strict=True)
        if own is not None
    ]  # fmt: skip
    differences: list[Row] = []
    for first, second in compared_pairs(models):
        before, after = values[first], values[second]
        if before is None or after is None:
            continue
        interval = difference_interval(before.astype(np.float64), after.astype(np.float64))
        named = between_models(models[first], models[second])
        differences.append(row(measure, interval, len(after), _unit(after), **named, **of))
    return figures, differences


def sign_tests(figures: Sequence[Row]) -> list[Row]:
    """Of each measure and probe, over data sets and models: better, worse, equal after alignment.

    The cases of BREEDS are its tasks as well. Both variants of a model stand in the figures.
    """
    groups: dict[tuple[str, str | None], dict[tuple[str, ...], dict[str, float]]] = {}
    for own in figures:
        is_breeds = own["measure"] != ACCURACY
        group = groups.setdefault((own["measure"], None if is_breeds else own["level"]), {})
        case = group.setdefault((own["data"], own["level"], own["label"]), {})
        case[own["variant"]] = own["estimate"]
    found: list[Row] = []
    for (measure, level), cases in groups.items():
        pairs = list(_before_and_after(cases.values()))
        if not pairs:
            continue
        before, after = np.array(pairs).T
        test = sign_test(before, after)
        named = {} if level is None else {"level": level}
        found.append(
            {"measure": measure, **named, "num_cases": len(pairs), **test._asdict(),
             "p_value": significant(test.p_value)}
        )  # fmt: skip
    return found


def _before_and_after(cases: Iterable[dict[str, float]]) -> Iterable[tuple[float, float]]:
    for case in cases:
        for before, after in COMPARED:
            if before in case and after in case:
                yield case[before], case[after]


def _interval(values: Values) -> Interval:
    if _unit(values) == DRAWS:
        return mean_interval(values)
    return wald_interval(int(values.sum()), len(values))


def _unit(values: Values) -> str:
    return IMAGES if values.dtype == np.bool_ else DRAWS
