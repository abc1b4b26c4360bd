"""Levels: odd-one-out trials at three levels of abstraction; whose trials count, and for what.

    coarse          between_class     three images of three classes
    fine            within_class      three images of one class
    class_boundary  class_border      two images of one class, one of another

Who fails too many catch trials or misses too many trials is left out of everything. Response times
and entropies further leave out those who were dealt a set of trials that another participant had
before them: of the 473 released participants 25, by a fault of the server that dealt them out.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from alignet_ray.functional.agreement import count_choices, triplet_codes

LEVELS = ("coarse", "fine", "class_boundary")
EXPERIMENT, CATCH, PRACTICE = range(3)
KINDS = ("exp_trial", "catch_trial", "training_trial")
MISSED = -1

LEAST_CATCH_ACCURACY = 0.9
MOST_MISSED = 10
SLOWEST_SECONDS = 10.0
LEAST_RESPONSES = 4
TIE_RULE = "a choice among t that tie for the majority counts 1 / t"

_LEVEL_OF_NUM_CLASSES = np.array([-1, 1, 2, 0])


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Trials in any order. `odd_position` is 0, 1, 2, or MISSED; `seconds` is NaN where missed.

    `kind` counts in KINDS, `level` in LEVELS. `is_correct` says so of catch trials, and nothing of
    others.
    """

    participant: Int[np.ndarray, "trials"]
    triplets: Int[np.ndarray, "trials 3"]
    odd_position: Int[np.ndarray, "trials"]
    seconds: Float[np.ndarray, "trials"]
    kind: Int[np.ndarray, "trials"]
    level: Int[np.ndarray, "trials"]
    is_correct: Bool[np.ndarray, "trials"]

    def among(self, rows: Bool[np.ndarray, "trials"]) -> "Trials":
        """The chosen trials."""
        arrays = {name: values[rows] for name, values in vars(self).items()}
        return replace(self, **arrays)


class Exclusions(NamedTuple):
    """One row per participant; `catch_accuracy` is NaN where there was no catch trial."""

    catch_accuracy: Float[np.ndarray, "participants"]
    num_missed: Int[np.ndarray, "participants"]
    is_kept: Bool[np.ndarray, "participants"]
    is_first_of_set: Bool[np.ndarray, "participants"]

    def counts(self) -> dict[str, int]:
        """How many were left out, and why; who falls under two reasons counts for each."""
        is_inattentive = self.catch_accuracy < LEAST_CATCH_ACCURACY
        return {
            "num_participants": len(self.is_kept),
            "num_below_catch_accuracy": int(is_inattentive.sum()),
            "num_above_missed_trials": int((self.num_missed > MOST_MISSED).sum()),
            "num_kept": int(self.is_kept.sum()),
            "num_kept_with_a_set_of_their_own": int((self.is_kept & self.is_first_of_set).sum()),
        }


class JudgedTriplets(NamedTuple):
    """Unique triplets of experiment trials, objects ascending, with what was said of them.

    `counts` are those of all kept participants; `own_counts` and `mean_log_seconds` those of
    participants with a set of their own, NaN where no response of theirs was quick enough.
    """

    triplets: Int[np.ndarray, "triplets 3"]
    level: Int[np.ndarray, "triplets"]
    counts: Int[np.ndarray, "triplets 3"]
    own_counts: Int[np.ndarray, "triplets 3"]
    mean_log_seconds: Float[np.ndarray, "triplets"]
    num_slow_trials: int
    num_missed_trials: int
    num_triplets_with_few_responses: int

    def renumbered(self, row_of_image: Int[np.ndarray, "images"]) -> "JudgedTriplets":
        """The triplets as rows of other images, -1 for a missing one; theirs are left out.

        The order of the three stays, and with it that of the counts' pairs.
        """
        triplets = row_of_image[self.triplets]
        kept = np.logical_and.reduce(triplets >= 0, axis=1)
        return self._replace(
            triplets=triplets[kept],
            level=self.level[kept],
            counts=self.counts[kept],
            own_counts=self.own_counts[kept],
            mean_log_seconds=self.mean_log_seconds[kept],
        )


def level_of_classes(classes: Int[np.ndarray, "triplets 3"]) -> Int[np.ndarray, "triplets"]:
    """Each triplet's place in LEVELS, by how many classes its images have."""
    ascending = np.sort(classes, axis=1)
    num_classes = 1 + (ascending[:, 1:] != ascending[:, :-1]).sum(axis=1)
    return _LEVEL_OF_NUM_CLASSES[num_classes]


def odd_class_position(classes: Int[np.ndarray, "triplets 3"]) -> Int[np.ndarray, "triplets"]:
    """The place of the image whose class the two others have not; MISSED at the other levels."""
    first, second, third = classes.T
    is_odd = np.stack([second == third, first == third, first == second], axis=1)
    return np.where(is_odd.sum(axis=1) == 1, is_odd.argmax(axis=1), MISSED)


def exclusions(trials: Trials, trial_sets: Int[np.ndarray, "participants"]) -> Exclusions:
    """Who is left out, and who had a set of trials that no earlier kept participant had.

    `trial_sets` says which set each participant was dealt: five sets hold the same triplets in
    other orders, so the triplets do not tell it. Missed trials count whatever their kind; one
    missed catch trial is one failed catch trial. Without a catch trial nobody is left out for them.
    """
    num_participants = len(trial_sets)
    missed = np.bincount(
        trials.participant, trials.odd_position == MISSED, minlength=num_participants
    )
    is_catch = trials.kind == CATCH
    num_catch = np.bincount(trials.participant[is_catch], minlength=num_participants)
    num_right = np.bincount(
        trials.participant, is_catch & trials.is_correct, minlength=num_participants
    )
    accuracy = np.divide(
        num_right, num_catch, out=np.full(num_participants, np.nan), where=num_catch > 0
    )
    is_kept = ~(accuracy < LEAST_CATCH_ACCURACY) & (missed <= MOST_MISSED)
    return Exclusions(accuracy, missed.astype(np.int64), is_kept, _is_first(trial_sets, is_kept))


def _is_first(
    trial_sets: Int[np.ndarray, "participants"], is_kept: Bool[np.ndarray, "participants"]
) -> Bool[np.ndarray, "participants"]:
    """Whether no kept participant before was dealt the same set; False for who is not kept."""
    kept = np.flatnonzero(is_kept)
    is_first = np.zeros(len(is_kept), dtype=np.bool_)
    is_first[kept[np.unique(trial_sets[kept], return_index=True)[1]]] = True
    return is_first


def judged_triplets(
    trials: Trials, excluded: Exclusions, *, least_responses: int = LEAST_RESPONSES
) -> JudgedTriplets:
    """What kept participants said in the experiment's trials, per unique triplet.

    Triplets with fewer than `least_responses` are dropped and counted.
    """
    shown = trials.among((trials.kind == EXPERIMENT) & excluded.is_kept[trials.participant])
    is_answered = shown.odd_position != MISSED
    answered = shown.among(is_answered)
    unique, counts = count_choices(answered.triplets, answered.odd_position)
    row = _rows_of(answered.triplets, unique)
    is_own = excluded.is_first_of_set[answered.participant]
    is_quick = answered.seconds <= SLOWEST_SECONDS
    own_counts = _counts_at(row[is_own], answered.among(is_own), len(unique))
    kept = counts.sum(axis=1) >= least_responses
    level = np.zeros(len(unique), dtype=np.int64)
    level[row] = answered.level
    return JudgedTriplets(
        triplets=unique[kept],
        level=level[kept],
        counts=counts[kept],
        own_counts=own_counts[kept],
        mean_log_seconds=_mean_logs(row, answered.seconds, is_own & is_quick, len(unique))[kept],
        num_slow_trials=int((is_own & ~is_quick).sum()),
        num_missed_trials=int((~is_answered).sum()),
        num_triplets_with_few_responses=int((~kept).sum()),
    )


def majority_credit(counts: Int[np.ndarray, "triplets 3"]) -> Float[np.ndarray, "triplets 3"]:
    """What the choice of each pair counts against the majority of a triplet's people: TIE_RULE."""
    is_majority = counts == counts.max(axis=1, keepdims=True)
    return is_majority / is_majority.sum(axis=1, keepdims=True)


def _rows_of(
    triplets: Int[np.ndarray, "trials 3"], unique: Int[np.ndarray, "triplets 3"]
) -> Int[np.ndarray, "trials"]:
    num_objects = int(unique.max(initial=0)) + 1
    codes = triplet_codes(unique, num_objects)
    order = np.argsort(codes)
    return order[np.searchsorted(codes[order], triplet_codes(triplets, num_objects))]


def _counts_at(
    row: Int[np.ndarray, "trials"], trials: Trials, num_triplets: int
) -> Int[np.ndarray, "{num_triplets} 3"]:
    """How often each pair of the ascending triplet was chosen, triplets without a response too."""
    odd = np.take_along_axis(trials.triplets, trials.odd_position[:, None], axis=1)
    place = (trials.triplets < odd).sum(axis=1)
    counts = np.zeros((num_triplets, 3), dtype=np.int64)
    np.add.at(counts, (row, 2 - place), 1)
    return counts


def _mean_logs(
    row: Int[np.ndarray, "trials"],
    seconds: Float[np.ndarray, "trials"],
    counted: Bool[np.ndarray, "trials"],
    num_triplets: int,
) -> Float[np.ndarray, "{num_triplets}"]:
    rows = row[counted]
    num = np.bincount(rows, minlength=num_triplets)
    total = np.bincount(rows, np.log(seconds[counted]), minlength=num_triplets)
    return np.divide(total, num, out=np.full(num_triplets, np.nan), where=num > 0)
