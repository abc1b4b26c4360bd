"""Catch trials of Levels: triplets whose odd one is beyond doubt, which need no participants.

An accuracy near 1 on a few triplets has no width by resampling: its interval is the exact one
(Clopper and Pearson 1934) of a share. Differences between models are resampled in pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from alignet_ray.config.levels import LevelsConfig
from alignet_ray.errors import InputError
from alignet_ray.evaluation.image_sets import ImageSet, objects_set
from alignet_ray.evaluation.pairs import between, compared_pairs
from alignet_ray.evaluation.parts import given
from alignet_ray.evaluation.representations import Representations, Represented
from alignet_ray.evaluation.rows import CEILINGS, DIFFERENCES, FIGURES, row
from alignet_ray.functional.agreement import count_choices
from alignet_ray.functional.bootstrap import mean_intervals
from alignet_ray.functional.intervals import exact_interval
from alignet_ray.functional.triplet_scores import TripletScores
from alignet_ray.records.digests import Json, sha256
from alignet_ray.records.human import HumanChoices
from alignet_ray.records.level_stimuli import find_stimuli
from alignet_ray.records.levels_tables import read_catch_trials
from alignet_ray.records.store import read_url

CATCH_ACCURACY = "accuracy on catch trials"
CATCH_NAME = "catch trials"


@dataclass(frozen=True, kw_only=True)
class CatchTrials:
    """The trials, their images, and images that are not there."""

    trials: HumanChoices
    images: ImageSet
    missing: tuple[str, ...]
    trials_sha256: str


@dataclass(frozen=True, kw_only=True)
class ShownCatchTrials:
    """Unique catch trials as rows of vectors, ascending, and the pair that is right."""

    triplets: Int[np.ndarray, "triplets 3"]
    right_pair: Int[np.ndarray, "triplets"]


def read_catch(config: LevelsConfig) -> CatchTrials:
    """The trials and images. Raises InputError where they cannot be used."""
    url = given(config.catch_trials)
    trials = read_catch_trials(url)
    _refuse_two_answers(trials, url)
    images = find_stimuli(given(config.catch_images or config.images), trials.names)
    return CatchTrials(
        trials=trials,
        images=objects_set(CATCH_NAME, images),
        missing=images.missing,
        trials_sha256=sha256(read_url(url)),
    )


def shown_catch(catch: CatchTrials, represented: Representations) -> ShownCatchTrials:
    """The trials all of whose images every model has. Raises InputError where there is none."""
    rows, kept = catch.trials.rows_among(represented.keys)
    if not len(rows):
        raise InputError(
            "no catch trial has its three images", "some that do", CATCH_NAME,
            "Check --levels.catch-images.",
        )  # fmt: skip
    triplets, counts = count_choices(rows, catch.trials.odd_position[kept])
    return ShownCatchTrials(triplets=triplets, right_pair=counts.argmax(axis=1))


def catch_rows(
    models: Sequence[Represented],
    scores: Mapping[str, Sequence[TripletScores]],
    shown: ShownCatchTrials,
    *,
    num_resamples: int,
    seed: int,
) -> dict[str, list[Json]]:
    """Accuracy of each model under each similarity, and paired differences."""
    pairs = compared_pairs([own.model for own in models])
    num = len(shown.triplets)
    rows: dict[str, list[Json]] = {FIGURES: [], DIFFERENCES: [], CEILINGS: []}
    for similarity, own in scores.items():
        right = [is_right(found, shown) for found in own]
        rows[FIGURES] += [
            row(
                CATCH_ACCURACY, exact_interval(int(own_right.sum()), num), num, "triplets",
                similarity=similarity, data=CATCH_NAME, **model.name,
            )
            for model, own_right in zip(models, right, strict=True)
        ]  # fmt: skip
        if not pairs:
            continue
        changes = np.stack([right[b].astype(np.float64) - right[a] for a, b in pairs], axis=1)
        intervals = mean_intervals(changes, np.ones(num), num_resamples=num_resamples, seed=seed)
        rows[DIFFERENCES] += [
            row(
                CATCH_ACCURACY, interval, num, "triplets", similarity=similarity,
                data=CATCH_NAME, **between(models[before], models[after]),
            )
            for (before, after), interval in zip(pairs, intervals, strict=True)
        ]  # fmt: skip
    return rows


def is_right(scores: TripletScores, shown: ShownCatchTrials) -> Bool[np.ndarray, "triplets"]:
    """Whether a model leaves out the odd one; a tie does not."""
    return scores.choice == shown.right_pair


def described_catch(
    catch: CatchTrials, shown: ShownCatchTrials, represented: Representations
) -> Json:
    """What was measured on and what was left out, for the results."""
    return {
        "trials_sha256": catch.trials_sha256,
        "num_triplets": len(shown.triplets),
        "num_rows": len(catch.trials.triplets),
        "num_rows_without_an_image": int(
            len(catch.trials.triplets) - catch.trials.is_among(represented.keys).sum()
        ),
        "missing": list(catch.missing),
        "rejected": dict(sorted(represented.rejects.items())),
        "centre": f"mean of the {len(represented.keys):,} embedded images",
        "interval": "95 % exact (Clopper-Pearson); differences by resampling triplets",
    }


def _refuse_two_answers(trials: HumanChoices, url: str) -> None:
    triplets, counts = count_choices(trials.triplets, trials.odd_position)
    doubtful = np.flatnonzero((counts > 0).sum(axis=1) > 1)
    if len(doubtful):
        names = ", ".join(trials.names[row] for row in triplets[doubtful[0]])
        raise InputError(
            f"two odd ones of the triplet {names}",
            "one, beyond doubt",
            url,
            "Drop one of the rows.",
        )
