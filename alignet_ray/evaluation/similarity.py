"""Representational similarity: models' similarity matrices against people's, and each other's.

A model's matrix holds Pearson's correlation of every two images' vectors; it is compared with
people's by Spearman's rank correlation over the upper triangle.
"""

from collections.abc import Mapping
from typing import NamedTuple

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.evaluation.given_images import (
    Objects,
    lacking_objects,
    read_objects,
    refuse_missing_objects,
)
from alignet_ray.evaluation.parts import lacking_flags
from alignet_ray.evaluation.representations import Representations
from alignet_ray.evaluation.rows import CEILINGS, DIFFERENCES, FIGURES, Row
from alignet_ray.evaluation.similarity_agreement import MEAN_AGREEMENT, agreement_of
from alignet_ray.evaluation.similarity_domains import JudgedDomain, read_domain
from alignet_ray.evaluation.similarity_rows import (
    LOWER,
    UPPER,
    WITH_EACH,
    WITH_PEOPLE,
    ceilings,
    with_each,
    with_people,
)
from alignet_ray.evaluation.similarity_tasks import domain_figures
from alignet_ray.evaluation.workbench import NoModel, Workbench
from alignet_ray.records.digests import Json, digest
from alignet_ray.records.given_files import refuse_missing_files, refuse_missing_folder
from alignet_ray.records.similarity_matrix import LEAST_IMAGES
from alignet_ray.records.wording import quoted

HEADLINES = (WITH_PEOPLE,)
AGREEMENT = "agreement"
BETWEEN_MODELS = "agreement between models"

_INTERVALS = {
    WITH_PEOPLE: "resamples of images, none with more than most_resampled",
    **dict.fromkeys((WITH_EACH, LOWER, UPPER), "resamples of participants"),
    MEAN_AGREEMENT: "none",
}
"""What each measure's intervals are over, for the results."""


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
    absent = _lacking_matrices(bench.config)
    if absent is not None:
        bench.leave_out("human similarity matrices", absent)
    found: dict[str, list[Row]] = {FIGURES: [], DIFFERENCES: [], CEILINGS: []}
    domains: list[Json] = []
    compared: dict[str, Representations] = {}
    for domain in read_in.domains:
        try:
            represented = bench.represent(domain.images)
        except NoModel:  # the others may have models
            bench.leave_out(domain.name, "no model that has its images")
            continue
        domains.append(_data(bench, domain, represented))
        if len(represented.keys) < LEAST_IMAGES:
            reason = f"{len(represented.keys)} of its images are there, {LEAST_IMAGES} are needed"
            bench.leave_out(domain.name, reason)
            continue
        compared[domain.name] = represented
        for kind, rows in _measure_domain(bench.config, domain, represented).items():
            found[kind] += rows
    if len(bench.models) < 2:
        bench.leave_out(BETWEEN_MODELS, "one model")
    elif read_in.objects is not None and not _are_compared(read_in, compared):
        images = read_in.objects.images
        name = f"{images.name} (objects)" if images.name in compared else images.name
        compared[name] = bench.represent(images)
    agreements, rows = _agreements(bench, compared)
    found[FIGURES] += rows
    data: Json = {
        "kernel": "Pearson's correlation of two images' vectors; 0 with a constant vector",
        "correlation": "Spearman's over the upper triangle, ties by mid-ranks",
        "intervals": _INTERVALS,
        "most_resampled": bench.config.similarity.most_resampled,
        "domains": domains,
    }
    return {"data": data, **found, AGREEMENT: agreements}


def _are_compared(read_in: Given, compared: Mapping[str, Representations]) -> bool:
    """Whether the objects' images are those of a domain, file by file."""
    assert read_in.objects is not None, "asked only where objects are given"
    urls = read_in.objects.images.urls
    return any(own.images.urls == urls for own in read_in.domains if own.name in compared)


def _agreements(
    bench: Workbench, compared: Mapping[str, Representations]
) -> tuple[list[Json], list[Row]]:
    """Models against each other on every image set; one model is alone."""
    agreements: list[Json] = []
    rows: list[Row] = []
    for name, represented in compared.items():
        if len(represented.models) > 1:
            agreement, means = agreement_of(name, represented)
            agreements.append(agreement)
            rows += means
        elif len(bench.models) > 1:
            bench.leave_out(f"{BETWEEN_MODELS} on {name}", "one model has its images")
    return agreements, rows


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
        "rows_named_by": domain.rows_named_by,
        "names_sha256": digest(domain.names),
        "num_images": len(domain.names),
        "num_embedded_images": num,
        "num_participants": len(domain.matrices.triangles),
        "num_unjudged_pairs": domain.matrices.num_unjudged_pairs,
        "missing_images": list(domain.missing),
        "rejected_images": dict(represented.rejects),
        "resampled": "images" if is_resampled else None,
    }
