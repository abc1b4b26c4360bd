"""Rows of models against people's similarities: the mean's, each participant's, and ceilings."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.evaluation.pairs import between, compared_pairs
from alignet_ray.evaluation.representations import Represented
from alignet_ray.evaluation.rows import Row, row
from alignet_ray.evaluation.similarity_tasks import DomainFigures
from alignet_ray.functional.bootstrap import Interval, mean_intervals, percentile_interval

WITH_PEOPLE = "rank correlation with people's similarities"
WITH_EACH = "rank correlation with each participant's similarities"
LOWER = "a participant with the mean of the others"
UPPER = "a participant with the mean of all"


def with_people(
    models: Sequence[Represented], measured: DomainFigures, name: str
) -> tuple[list[Row], list[Row]]:
    """Every model's correlation with people's mean, and paired differences, over images."""
    values = np.array([own.value for own in measured.models])
    samples = measured.samples
    own = [
        row(
            WITH_PEOPLE, _interval(values[place], samples, place), found.num_pairs, "pairs",
            undefined=found.undefined, data=name, **models[place].name,
        )
        for place, found in enumerate(measured.models)
    ]  # fmt: skip
    changed: list[Row] = []
    for before, after in compared_pairs([own.model for own in models]):
        reason = measured.models[before].undefined or measured.models[after].undefined
        difference = None if samples is None else (samples[:, after] - samples[:, before])[:, None]
        changed.append(
            row(
                WITH_PEOPLE, _interval(values[after] - values[before], difference, 0),
                measured.models[after].num_pairs, "pairs", undefined=reason, data=name,
                **between(models[before], models[after]),
            )
        )  # fmt: skip
    return own, changed


def with_each(
    models: Sequence[Represented], measured: DomainFigures, name: str, config: EvaluateConfig
) -> tuple[list[Row], list[Row]]:
    """The mean over participants, where there are several, with intervals over participants.

    Participants who have no correlation with some model (whose judgements are all equal) are left
    out for all, so that models can be compared; models that have none at all are undefined.
    """
    each = np.stack([own.each for own in measured.models], axis=1)
    if not len(each):
        return [], []
    has_value = np.logical_or.reduce(np.isfinite(each), axis=0)
    kept = np.logical_and.reduce(np.isfinite(each) | ~has_value, axis=1)
    pairs = compared_pairs([own.model for own in models])
    columns = [each[:, place] for place in range(len(models))]
    columns += [each[:, after] - each[:, before] for before, after in pairs]
    intervals = _over_participants([own[kept] for own in columns], config)
    reasons = [own.undefined for own in measured.models]
    names = [own.name for own in models]
    names += [between(models[before], models[after]) for before, after in pairs]
    reasons += [reasons[before] or reasons[after] for before, after in pairs]
    rows = [
        row(WITH_EACH, interval, int(kept.sum()), "participants", undefined=reason, data=name,
            **of)
        for interval, reason, of in zip(intervals, reasons, names, strict=True)
    ]  # fmt: skip
    return rows[: len(models)], rows[len(models) :]


def ceilings(measured: DomainFigures, name: str, config: EvaluateConfig) -> list[Row]:
    """What the best model could reach against each participant lies between these two."""
    values = [measured.lower, measured.upper]
    if len(measured.lower) < 2:
        return []
    kept = np.isfinite(values[0]) & np.isfinite(values[1])
    intervals = _over_participants([own[kept] for own in values], config)
    return [
        row(measure, interval, int(kept.sum()), "participants", data=name,
            undefined=None if kept.any() else "all judged similarities are equal")
        for measure, interval in zip((LOWER, UPPER), intervals, strict=True)
    ]  # fmt: skip


def _interval(
    value: float, samples: Float[np.ndarray, "resamples models"] | None, place: int
) -> Interval:
    """Percentiles of the resamples in which there is a value; none where nothing was resampled."""
    if samples is None or math.isnan(value):
        return Interval(float(value), math.nan, math.nan)
    defined = samples[np.isfinite(samples[:, place]), place]
    if not len(defined):
        return Interval(float(value), math.nan, math.nan)
    return percentile_interval(float(value), defined)


def _over_participants(
    columns: Sequence[Float[np.ndarray, "participants"]], config: EvaluateConfig
) -> list[Interval]:
    matrix = np.column_stack(columns)
    if not len(matrix):
        return [Interval(math.nan, math.nan, math.nan)] * len(columns)
    return mean_intervals(
        matrix, np.ones(len(matrix)), num_resamples=config.num_resamples, seed=config.seed
    )
