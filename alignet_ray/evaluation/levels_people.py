"""What people said on Levels: whose trials count, on which triplets, and what was left out."""

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from alignet_ray.config.levels import LevelsConfig
from alignet_ray.errors import InputError
from alignet_ray.evaluation.image_sets import ImageSet, objects_set
from alignet_ray.evaluation.parts import given
from alignet_ray.evaluation.representations import Representations
from alignet_ray.evaluation.uncertainty_rows import PLUG_IN, responses_per_triplet
from alignet_ray.functional.agreement import is_repeated
from alignet_ray.functional.level_scores import ALL_LEVELS
from alignet_ray.functional.levels import (
    EXPERIMENT,
    LEAST_CATCH_ACCURACY,
    LEVELS,
    MOST_MISSED,
    SLOWEST_SECONDS,
    TIE_RULE,
    Exclusions,
    JudgedTriplets,
    exclusions,
    judged_triplets,
)
from alignet_ray.functional.uncertainty import people_entropy
from alignet_ray.plurals import counted, percent
from alignet_ray.records.digests import Json
from alignet_ray.records.level_stimuli import find_stimuli
from alignet_ray.records.levels import LevelsTrials, read_levels
from alignet_ray.records.levels_tables import read_design_levels

IMAGES_NAME = "Levels"
NUM_NAMED = 20
"""Images that are named in the results among those left out; all are counted."""


@dataclass(frozen=True, kw_only=True)
class PeopleOnLevels:
    """The trials as they are, who is left out, what the others said, and the stimuli.

    Numbers of `judged` count in `trials.images`; `missing` are stimuli without an image.
    """

    trials: LevelsTrials
    excluded: Exclusions
    judged: JudgedTriplets
    images: ImageSet
    missing: tuple[str, ...]
    least_responses: int


def read_people(config: LevelsConfig) -> PeopleOnLevels:
    """The trials and the stimuli of those that count. Raises InputError where none does."""
    url = given(config.trials)
    design = read_design_levels(config.design) if config.design else None
    read = read_levels(url, design)
    excluded = exclusions(read.trials, read.trial_sets)
    _refuse_nobody(excluded, url)
    judged = judged_triplets(read.trials, excluded, least_responses=config.least_responses)
    if not len(judged.triplets):
        raise InputError(
            f"no triplet with {counted(config.least_responses, 'response')} "
            f"({counted(judged.num_triplets_with_few_responses, 'triplet')} with fewer)",
            "some", url, "Give all participants' trials, or a smaller --levels.least-responses.",
        )  # fmt: skip
    shown = [read.images[row] for row in np.unique(judged.triplets)]
    images = find_stimuli(given(config.images), shown)
    return PeopleOnLevels(
        trials=read,
        excluded=excluded,
        judged=judged,
        images=objects_set(IMAGES_NAME, images),
        missing=images.missing,
        least_responses=config.least_responses,
    )


def on_represented(people: PeopleOnLevels, represented: Representations) -> JudgedTriplets:
    """The triplets all of whose images every model has, as rows of the models' vectors.

    Raises InputError where there is none.
    """
    rows = np.array(represented.rows_of(people.trials.images), dtype=np.int64)
    shown = people.judged.renumbered(rows)
    if not len(shown.triplets):
        raise InputError(
            "no triplet has its three images", "some that do", IMAGES_NAME,
            "Check --levels.images.",
        )  # fmt: skip
    return shown


def rows_at(judged: JudgedTriplets, level: str) -> Bool[np.ndarray, "triplets"]:
    """Which triplets are at a level, one of LEVELS or ALL_LEVELS."""
    if level == ALL_LEVELS:
        return np.ones(len(judged.level), dtype=np.bool_)
    return judged.level == LEVELS.index(level)


def levels_shown(judged: JudgedTriplets) -> list[str]:
    """Levels that have triplets, then ALL_LEVELS."""
    present = [name for number, name in enumerate(LEVELS) if (judged.level == number).any()]
    return [*present, ALL_LEVELS]


def described(people: PeopleOnLevels, judged: JudgedTriplets, represented: Representations) -> Json:
    """What was measured on, everything that was left out, and the rules, for the results."""
    return {
        "trials_sha256": trials_sha256(people.trials),
        "participants": people.excluded.counts(),
        "trials": _trial_counts(people),
        "triplets": _triplet_counts(people, judged),
        "images": _image_counts(people, represented),
        "levels": {level: _level_counts(judged, level) for level in levels_shown(judged)},
        "rules": rules(people.least_responses),
        "centre": f"mean of the {len(represented.keys):,} embedded stimuli",
    }


def rules(least_responses: int) -> Json:
    """The rules that were ours to choose, and those of the experiment's authors, in words."""
    return {
        "ties": f"{TIE_RULE}; a model's tie counts 0",
        "participants": f"left out below {percent(LEAST_CATCH_ACCURACY)} of the catch trials (a "
        f"missed one is a failed one) or with more than {MOST_MISSED} missed trials",
        "sets": "response times and people's entropy use the first kept participant of each set "
        "of trials",
        "triplets": f"left out with fewer than {counted(least_responses, 'response')}",
        "people_entropy": PLUG_IN,
        "times": f"mean of the natural logarithm of seconds, of trials up to {SLOWEST_SECONDS:g} s",
        "ceilings": "over triplets that two people or more judged; a choice among t that tie for "
        "the majority of the others counts 1 / t",
    }


def trials_sha256(trials: LevelsTrials) -> str:
    """Of what was read, whatever files it came in."""
    digest = hashlib.sha256("\n".join(trials.images).encode())
    own = trials.trials
    for values in (
        trials.trial_sets, own.participant, own.triplets, own.odd_position, own.kind, own.level,
        own.is_correct,
    ):  # fmt: skip
        digest.update(values.astype("<i8").tobytes())
    digest.update(own.seconds.astype("<f8").tobytes())
    return digest.hexdigest()


def _refuse_nobody(excluded: Exclusions, url: str) -> None:
    counts = excluded.counts()
    if counts["num_kept"]:
        return
    raise InputError(
        f"no participant is kept of {counts['num_participants']:,} "
        f"({counts['num_below_catch_accuracy']:,} below {percent(LEAST_CATCH_ACCURACY)} of the "
        f"catch trials, {counts['num_above_missed_trials']:,} with more than {MOST_MISSED} missed "
        "trials)",
        "some", url, "Look at the trials of the catch kind.",
    )  # fmt: skip


def _trial_counts(people: PeopleOnLevels) -> Json:
    is_experiment = people.trials.trials.kind == EXPERIMENT
    is_kept = people.excluded.is_kept[people.trials.trials.participant]
    return {
        "num_trials": int(is_experiment.sum()),
        "num_trials_of_left_out_participants": int((is_experiment & ~is_kept).sum()),
        "num_missed": people.judged.num_missed_trials,
        "num_slow_left_out_of_times": people.judged.num_slow_trials,
        "num_lines_without_subject": people.trials.num_without_subject,
        "num_other_lines": people.trials.num_other_lines,
    }


def _triplet_counts(people: PeopleOnLevels, judged: JudgedTriplets) -> Json:
    every, shown = people.judged, judged
    return {
        "num_triplets": len(shown.triplets),
        "num_responses": int(shown.counts.sum()),
        "num_with_few_responses": every.num_triplets_with_few_responses,
        "num_without_an_image": len(every.triplets) - len(shown.triplets),
        "num_responses_without_an_image": int(every.counts.sum() - shown.counts.sum()),
    }


def _image_counts(people: PeopleOnLevels, represented: Representations) -> Json:
    rejects = represented.rejects
    return {
        "num_stimuli": len(people.images.keys) + len(people.missing),
        "num_missing": len(people.missing),
        "missing": list(people.missing[:NUM_NAMED]),
        "num_rejected": len(rejects),
        "rejected": dict(sorted(rejects.items())[:NUM_NAMED]),
    }


def _level_counts(judged: JudgedTriplets, level: str) -> Json:
    rows = rows_at(judged, level)
    counts = judged.counts[rows]
    return {
        "num_triplets": len(counts),
        "num_responses": int(counts.sum()),
        **responses_per_triplet(counts),
        "num_with_one_response": int((~is_repeated(counts)).sum()),
        "num_without_time": int(np.isnan(judged.mean_log_seconds[rows]).sum()),
        "num_without_entropy": int(np.isnan(people_entropy(judged.own_counts[rows])).sum()),
    }
