"""Odd-one-out on THINGS layouts: agreement with people's choices and uncertainty, with ceilings.

All figures come from the same unique triplets and the same resamples of them, so that models can
be compared; a triplet weighs as many responses as it has.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.errors import InputError
from alignet_ray.evaluation.image_sets import ImageSet, objects_set
from alignet_ray.evaluation.pairs import between, compared_pairs
from alignet_ray.evaluation.parts import given, lacking_flags
from alignet_ray.evaluation.representations import Representations, Represented
from alignet_ray.evaluation.rows import CEILINGS, DIFFERENCES, FIGURES, Row, row
from alignet_ray.evaluation.scores import score_models
from alignet_ray.evaluation.uncertainty_rows import uncertainty_rows
from alignet_ray.evaluation.workbench import Workbench
from alignet_ray.functional.agreement import (
    choice_entropy,
    count_choices,
    is_repeated,
    leave_one_out_majority,
    majority_share,
)
from alignet_ray.functional.bootstrap import Interval, mean_intervals
from alignet_ray.functional.triplet_scores import TripletScores, value_of_choice
from alignet_ray.functional.uncertainty import people_entropy
from alignet_ray.records.choices import read_choices
from alignet_ray.records.digests import Json, sha256
from alignet_ray.records.given_files import refuse_missing_files, refuse_missing_folder
from alignet_ray.records.human import HumanChoices, read_names
from alignet_ray.records.object_images import find_object_images
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
    refuse_missing_files(
        (
            ("--names", config.names, "object ids, one a line"),
            ("--responses", config.responses, "a file of choices"),
        )
    )
    if config.images is not None:
        refuse_missing_folder(config.images, "a folder of object images", "Check --images.")


def read(config: EvaluateConfig) -> OddOneOut:
    """The choices and the images. Raises InputError where they cannot be used."""
    names = read_names(given(config.names))
    responses = read_choices(given(config.responses), names, config.responses_layout)
    images = find_object_images(given(config.images), names)
    return OddOneOut(responses, objects_set(config.data_name, images), images.missing)


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
    triplets, counts = count_choices(rows, read_in.responses.odd_position[kept])
    scores = score_models(
        represented.models,
        triplets,
        similarities=config.similarities,
        temperatures=config.temperatures,
        shows_progress=config.resources.progress,
    )
    all_figures: list[Row] = []
    all_differences: list[Row] = []
    for similarity, own in scores.items():
        found, changed = figures(represented.models, own, counts, similarity, config)
        all_figures += found
        all_differences += changed
    return {
        "data": _data(config, read_in, represented)
        | _counted(counts, read_in.responses, len(rows)),
        FIGURES: all_figures,
        DIFFERENCES: all_differences,
        CEILINGS: ceilings(counts, num_resamples=config.num_resamples, seed=config.seed),
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


def ceilings(counts: Counts, *, num_resamples: int, seed: int) -> list[Row]:
    """How far people agree, as means over the unique triplets that two people or more judged: one
    answer agrees with itself.
    """
    repeated = counts[is_repeated(counts)]
    if not len(repeated):
        nothing = Interval(math.nan, math.nan, math.nan)
        return [
            row(name, nothing, 0, "triplets", undefined="no triplet was judged by two people")
            for name in (MAJORITY_SHARE, ONE_AGAINST_OTHERS, PEOPLE_ENTROPY)
        ]
    measures = {
        MAJORITY_SHARE: majority_share(repeated),
        ONE_AGAINST_OTHERS: leave_one_out_majority(repeated),
        PEOPLE_ENTROPY: choice_entropy(repeated),
    }
    intervals = mean_intervals(
        np.column_stack(list(measures.values())),
        np.ones(len(repeated)),
        num_resamples=num_resamples,
        seed=seed,
    )
    return [
        row(name, interval, len(repeated), "triplets")
        for name, interval in zip(measures, intervals, strict=True)
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
    own = [
        row(ACCURACY, interval, num, "responses", similarity=similarity, **model.name)
        for model, interval in zip(models, intervals, strict=False)
    ]
    changed = [
        row(
            ACCURACY, interval, num, "responses", similarity=similarity,
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
    )


def _data(config: EvaluateConfig, read_in: OddOneOut, represented: Representations) -> Json:
    return {
        "name": config.data_name,
        "names_sha256": sha256(read_url(given(config.names))),
        "responses_sha256": sha256(read_url(given(config.responses))),
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
        "responses_per_triplet": [int(f(counts.sum(axis=1))) for f in (min, max)],
    }
