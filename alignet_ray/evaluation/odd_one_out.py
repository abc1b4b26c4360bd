"""Odd-one-out on THINGS layouts: agreement with people's choices and uncertainty, with ceilings.

All figures come from the same unique triplets and the same resamples of them, so that models can
be compared; a triplet weighs as many responses as it has.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.errors import InputError
from alignet_ray.evaluation.given_images import read_objects, refuse_missing_objects
from alignet_ray.evaluation.image_sets import ImageSet
from alignet_ray.evaluation.names_order import order_said, refuse_other_order, remarks_on
from alignet_ray.evaluation.pairs import between, compared_pairs
from alignet_ray.evaluation.parts import given, lacking_flags
from alignet_ray.evaluation.representations import Representations, Represented
from alignet_ray.evaluation.rows import CEILINGS, DIFFERENCES, FIGURES, Row, row
from alignet_ray.evaluation.scores import score_models
from alignet_ray.evaluation.uncertainty_rows import (
    PLUG_IN,
    responses_per_triplet,
    uncertainty_rows,
)
from alignet_ray.evaluation.workbench import Workbench
from alignet_ray.functional.agreement import count_choices
from alignet_ray.functional.bootstrap import mean_intervals
from alignet_ray.functional.ceilings import Ceilings, people_ceilings
from alignet_ray.functional.triplet_scores import TripletScores, value_of_choice
from alignet_ray.functional.uncertainty import people_entropy
from alignet_ray.records.choices import read_choices
from alignet_ray.records.digests import Json, sha256
from alignet_ray.records.given_files import refuse_missing_files
from alignet_ray.records.human import HumanChoices
from alignet_ray.records.store import read_url

ACCURACY = "odd-one-out accuracy"
UNCERTAINTY = "rank correlation of model entropy with human entropy"
MAJORITY_SHARE = "share of the most frequent choice"
ONE_AGAINST_OTHERS = "a person against the majority of the others"
PEOPLE_ENTROPY = "entropy of people's choices in nats"
HEADLINES = (ACCURACY, UNCERTAINTY)

Counts = Int[np.ndarray, "triplets 3"]


class OddOneOut(NamedTuple):
    """What the user gave: people's choices, the images of the objects, and objects without."""

    responses: HumanChoices
    images: ImageSet
    missing: tuple[str, ...]


def lacking(config: EvaluateConfig) -> str | None:
    """What has to be given for this part and is not; None where it can be measured."""
    return lacking_flags(
        {"--images": config.images, "--names": config.names, "--responses": config.responses}
    )


def refuse_missing(config: EvaluateConfig) -> None:
    """Raise InputError for what is named and not there."""
    refuse_missing_objects(config)
    refuse_missing_files((("--responses", config.responses, "a file of choices"),))


def read(config: EvaluateConfig) -> OddOneOut:
    """The choices and the images. Raises InputError where they cannot be used."""
    objects = read_objects(config)
    responses = read_choices(given(config.responses), objects.names, config.responses_layout)
    return OddOneOut(responses, objects.images, objects.missing)


def measure(bench: Workbench, read_in: OddOneOut) -> Json:
    """Figures, differences and ceilings, and what they were measured on."""
    config = bench.config
    represented = bench.represent(read_in.images)
    rows, kept = read_in.responses.rows_among(represented.keys)
    if not len(rows):
        raise InputError(
            "no response shows only objects with an image", "some that do",
            config.responses or "", "Check that names and responses belong together.",
        )  # fmt: skip
    orders = refuse_other_order(read_in.responses, represented, config)
    triplets, counts = count_choices(rows, read_in.responses.odd_position[kept])
    all_figures: list[Row] = []
    all_differences: list[Row] = []
    for similarity in config.similarities:
        # One similarity after the other: entropies of millions of triplets are not small.
        scores = score_models(
            represented.models,
            triplets,
            similarity=similarity,
            temperatures=config.temperatures,
            shows_progress=config.resources.progress,
        )
        found, changed = figures(represented.models, scores, counts, similarity, config)
        all_figures += found
        all_differences += changed
    return {
        "data": _data(config, read_in, represented)
        | _counted(counts, read_in.responses, len(rows))
        | {"order_of_names": order_said(read_in.responses, config, orders)},
        FIGURES: all_figures,
        DIFFERENCES: all_differences,
        CEILINGS: ceilings(
            counts, num_resamples=config.num_resamples, seed=config.seed, data=config.data_name
        ),
    }


def figures(
    models: Sequence[Represented],
    scores: Sequence[TripletScores],
    counts: Counts,
    similarity: str,
    config: EvaluateConfig,
) -> tuple[list[Row], list[Row]]:
    """Accuracies and uncertainties of the models under one similarity, and paired differences.

    `scores` are those of each model over the triplets, with entropies at its `temperatures_of`.
    """
    accuracies, changed = _accuracies(models, scores, counts, similarity, config)
    uncertainties, doubts = _uncertainties(models, scores, counts, similarity, config)
    return accuracies + uncertainties, changed + doubts


def ceilings(counts: Counts, *, num_resamples: int, seed: int, data: str) -> list[Row]:
    """How far people agree, in three measures."""
    found = people_ceilings(counts, num_resamples=num_resamples, seed=seed)
    return ceiling_rows(found, (MAJORITY_SHARE, ONE_AGAINST_OTHERS, PEOPLE_ENTROPY), data=data)


def ceiling_rows(found: Ceilings, measures: Sequence[str], **of: str) -> list[Row]:
    """Some of the ceilings as rows, `of` some data and a level of them."""
    undefined = None if found.num_repeated else "no triplet that two people or more judged"
    intervals = {
        MAJORITY_SHARE: found.majority_share,
        ONE_AGAINST_OTHERS: found.noise_ceiling,
        PEOPLE_ENTROPY: found.entropy,
    }
    return [
        row(name, intervals[name], found.num_repeated, "triplets", undefined=undefined, **of)
        for name in measures
    ]


def _accuracies(
    models: Sequence[Represented],
    scores: Sequence[TripletScores],
    counts: Counts,
    similarity: str,
    config: EvaluateConfig,
) -> tuple[list[Row], list[Row]]:
    """Share of the responses that a model's choice agrees with; a tie agrees with none."""
    correct = [value_of_choice(own.choice, counts.astype(np.float64)) for own in scores]
    pairs = compared_pairs([own.model for own in models])
    weights = counts.sum(axis=1).astype(np.float64)
    intervals = mean_intervals(
        np.column_stack([*correct, *(correct[after] - correct[before] for before, after in pairs)]),
        weights,
        num_resamples=config.num_resamples,
        seed=config.seed,
    )
    num = int(weights.sum())
    of_models = intervals[: len(models)]
    own = [
        row(
            ACCURACY, interval, num, "responses", similarity=similarity, data=config.data_name,
            remark=remark, **model.name,
        )
        for model, interval, remark in zip(models, of_models, remarks_on(of_models), strict=True)
    ]  # fmt: skip
    changed = [
        row(
            ACCURACY, interval, num, "responses", similarity=similarity, data=config.data_name,
            **between(models[before], models[after]),
        )
        for (before, after), interval in zip(pairs, intervals[len(models) :], strict=True)
    ]  # fmt: skip
    return own, changed


def _uncertainties(
    models: Sequence[Represented],
    scores: Sequence[TripletScores],
    counts: Counts,
    similarity: str,
    config: EvaluateConfig,
) -> tuple[list[Row], list[Row]]:
    """Rank correlation over triplets of a model's entropy with that of people's choices."""
    return uncertainty_rows(
        UNCERTAINTY,
        models,
        [own.entropies for own in scores],
        people_entropy(counts),
        temperatures=config.temperatures,
        num_resamples=config.num_resamples,
        seed=config.seed,
        similarity=similarity,
        data=config.data_name,
    )


def _data(config: EvaluateConfig, read_in: OddOneOut, represented: Representations) -> Json:
    return {
        "name": config.data_name,
        "names_sha256": sha256(read_url(given(config.names))),
        "responses_sha256": sha256(read_url(given(config.responses))),
        "responses_layout": config.responses_layout,
        "num_objects": len(read_in.images.keys) + len(read_in.missing),
        "num_embedded_objects": len(represented.keys),
        "missing_images": list(read_in.missing),
        "rejected_images": dict(represented.rejects),
        "centre": f"mean of the {len(represented.keys):,} embedded objects",
    }


def _counted(counts: Counts, responses: HumanChoices, num_used: int) -> Json:
    return {
        "num_responses": num_used,
        "num_dropped_responses": len(responses.triplets) - num_used,
        "num_triplets": len(counts),
        **responses_per_triplet(counts),
        "people_entropy": PLUG_IN,
    }
