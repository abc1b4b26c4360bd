"""Representational similarity: models' similarity matrices against people's, and each other's.

A model's matrix holds Pearson's correlation of every two images' vectors; it is compared with
people's by Spearman's rank correlation over the upper triangle.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.evaluation.given_images import (
    Objects,
    lacking_objects,
    read_objects,
    refuse_missing_objects,
)
from alignet_ray.evaluation.pairs import between, compared_pairs
from alignet_ray.evaluation.parts import lacking_flags
from alignet_ray.evaluation.representations import Representations, Represented
from alignet_ray.evaluation.rows import CEILINGS, DIFFERENCES, FIGURES, Row, row
from alignet_ray.evaluation.similarity_agreement import agreement_of
from alignet_ray.evaluation.similarity_domains import JudgedDomain, read_domain
from alignet_ray.evaluation.similarity_tasks import DomainFigures, domain_figures
from alignet_ray.evaluation.workbench import Workbench
from alignet_ray.functional.bootstrap import Interval, mean_intervals, percentile_interval
from alignet_ray.records.digests import Json
from alignet_ray.records.given_files import refuse_missing_files, refuse_missing_folder
from alignet_ray.records.similarity_matrix import LEAST_IMAGES
from alignet_ray.records.wording import quoted

WITH_PEOPLE = "rank correlation with people's similarities"
WITH_EACH = "rank correlation with each participant's similarities"
LOWER = "a participant with the mean of the others"
UPPER = "a participant with the mean of all"
HEADLINES = (WITH_PEOPLE,)
AGREEMENT = "agreement"


class Given(NamedTuple):
    """The domains, and the objects whose images models are compared on as well."""

    domains: tuple[JudgedDomain, ...]
    objects: Objects | None


def lacking(config: EvaluateConfig) -> str | None:
    """What has to be given for this part and is not; None where it can be measured.

    Without human matrices models can still be compared with each other, on named objects.
    """
    absent = _lacking_matrices(config)
    return absent if lacking_objects(config) is not None else None


def _lacking_matrices(config: EvaluateConfig) -> str | None:
    given = config.similarity
    return lacking_flags(
        {"--similarity.matrices": given.matrices, "--similarity.images": given.images}
    )


def refuse_missing(config: EvaluateConfig) -> None:
    """Raise InputError for what is named and not there."""
    if lacking_objects(config) is None:
        refuse_missing_objects(config)
    if _lacking_matrices(config) is not None:
        return
    for domain in config.similarity.domains():
        refuse_missing_files(
            (
                ("--similarity.matrices", domain.matrix, "a human similarity matrix"),
                ("--similarity.names", domain.names, "image ids, one a line"),
            )
        )
        refuse_missing_folder(domain.images, "a folder of images", "Check --similarity.images.")


def read(config: EvaluateConfig) -> Given:
    """The matrices and the images. Raises InputError where they cannot be used."""
    domains = config.similarity.domains() if _lacking_matrices(config) is None else ()
    objects = read_objects(config) if lacking_objects(config) is None else None
    return Given(tuple(read_domain(domain) for domain in domains), objects)


def measure(bench: Workbench, read_in: Given) -> Json:
    """Figures, differences and ceilings of every domain, and models against each other."""
    data: Json = {
        "kernel": "Pearson's correlation of two images' vectors; 0 with a constant vector",
        "correlation": "Spearman's over the upper triangle, ties by mid-ranks",
        "domains": [],
    }
    found: dict[str, list[Row]] = {FIGURES: [], DIFFERENCES: [], CEILINGS: []}
    compared: dict[tuple[str, ...], tuple[str, Representations]] = {}
    absent = _lacking_matrices(bench.config)
    if absent is not None:
        bench.leave_out("human similarity matrices", absent)
    for domain in read_in.domains:
        represented = bench.represent(domain.images)
        data["domains"].append(_data(bench, domain, represented))
        if len(represented.keys) < LEAST_IMAGES:
            reason = f"{len(represented.keys)} of its images are there, {LEAST_IMAGES} are needed"
            bench.leave_out(domain.name, reason)
            continue
        compared[represented.keys] = (domain.name, represented)
        for kind, rows in _measure_domain(bench.config, domain, represented).items():
            found[kind] += rows
    if read_in.objects is not None:
        represented = bench.represent(read_in.objects.images)
        compared.setdefault(represented.keys, (read_in.objects.images.name, represented))
    agreements: list[Json] = []
    for name, represented in compared.values():
        if len(represented.models) > 1:
            agreement, rows = agreement_of(name, represented)
            agreements.append(agreement)
            found[FIGURES] += rows
    return {"data": data, **found, AGREEMENT: agreements}


def _measure_domain(
    config: EvaluateConfig, domain: JudgedDomain, represented: Representations
) -> dict[str, list[Row]]:
    measured = domain_figures(
        domain.name,
        represented.models,
        domain.judged(represented.keys),
        num_resamples=config.num_resamples,
        most_resampled=config.similarity.most_resampled,
        seed=config.seed,
        is_shown=config.resources.progress,
    )
    own, changed = with_people(represented.models, measured, domain.name)
    each, each_changed = with_each(represented.models, measured, domain.name, config)
    return {
        FIGURES: own + each,
        DIFFERENCES: changed + each_changed,
        CEILINGS: ceilings(measured, domain.name, config),
    }


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


def _data(bench: Workbench, domain: JudgedDomain, represented: Representations) -> Json:
    """What a domain was measured on. What is left out of it is told to people as well."""
    num, most = len(represented.keys), bench.config.similarity.most_resampled
    is_resampled = num <= most
    if not is_resampled:
        reason = f"{num:,} images are more than --similarity.most-resampled {most:,}"
        bench.leave_out(f"intervals of {domain.name}", reason)
    for keys, why in ((domain.missing, "no image"), (tuple(represented.rejects), "not embedded")):
        if keys:
            what = f"{len(keys):,} of {len(domain.names):,} images of {domain.name}"
            bench.leave_out(what, f"{why}: {quoted(keys)}")
    return {
        "name": domain.name,
        "matrix_sha256": domain.sha256,
        "kind": domain.kind,
        "num_images": len(domain.names),
        "num_embedded_images": num,
        "num_participants": len(domain.matrices.triangles),
        "num_unjudged_pairs": domain.matrices.num_unjudged_pairs,
        "missing_images": list(domain.missing),
        "rejected_images": dict(represented.rejects),
        "resampled": "images" if is_resampled else None,
    }
