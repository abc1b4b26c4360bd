"""Levels: levels from classes, exclusions, counts, log times, against literal counting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.agreement import expected_accuracy, leave_one_out_majority
from alignet_ray.functional.levels import (
    CATCH,
    EXPERIMENT,
    LEVELS,
    MISSED,
    PRACTICE,
    Trials,
    exclusions,
    judged_triplets,
    level_of_classes,
    majority_credit,
    odd_class_position,
)


def trials(rows):
    """From (participant, triplet, odd, seconds, kind, level, is_correct)."""
    columns = list(zip(*rows, strict=True))
    return Trials(
        participant=np.array(columns[0]),
        triplets=np.array(columns[1]),
        odd_position=np.array(columns[2]),
        seconds=np.array(columns[3], dtype=np.float64),
        kind=np.array(columns[4]),
        level=np.array(columns[5]),
        is_correct=np.array(columns[6], dtype=np.bool_),
    )


def shown(who, triplet, odd, seconds=2.0, level=0):
    return (who, triplet, odd, seconds if odd != MISSED else np.nan, EXPERIMENT, level, False)


def caught(who, is_correct):
    return (who, (7, 8, 9), 2 if is_correct else 0, 1.0, CATCH, 2, is_correct)


def missed(who, kind=PRACTICE):
    return (who, (7, 8, 9), MISSED, np.nan, kind, 2, False)


def test_the_level_is_the_number_of_classes():
    classes = np.array([[4, 4, 4], [4, 4, 9], [4, 9, 4], [9, 4, 4], [1, 2, 3]])
    names = [LEVELS[level] for level in level_of_classes(classes)]
    assert names == ["fine", "class_boundary", "class_boundary", "class_boundary", "coarse"]
    assert odd_class_position(classes).tolist() == [MISSED, 2, 1, 0, MISSED]


def test_participants_are_left_out_for_catch_trials_and_for_missed_trials():
    rows = [shown(who, (0, 1, 2 + who), 0) for who in range(5)]
    rows += [caught(0, True)] * 9 + [caught(0, False)]  # 90 %: stays
    rows += [caught(1, True)] * 8 + [caught(1, False)]  # 89 %: goes
    rows += [missed(2)] * 10  # stays
    rows += [missed(3)] * 11  # goes
    rows += [caught(4, True)] * 9 + [missed(4, CATCH)] * 2  # 82 %: a missed one is a failed one
    found = exclusions(trials(rows), np.arange(5))
    assert found.is_kept.tolist() == [True, False, True, False, False]
    assert np.isnan(found.catch_accuracy[[2, 3]]).all()
    assert found.counts() == {
        "num_participants": 5,
        "num_below_catch_accuracy": 2,
        "num_above_missed_trials": 1,
        "num_kept": 2,
        "num_kept_with_a_set_of_their_own": 2,
    }


def test_the_first_kept_participant_of_a_set_of_trials_has_it_as_their_own():
    rows = [shown(who, (0, 1, 2), 0) for who in range(5)] + [missed(0)] * 11
    found = exclusions(trials(rows), np.array([7, 7, 3, 7, 5]))
    assert found.is_kept.tolist() == [False, True, True, True, True]
    assert found.is_first_of_set.tolist() == [False, True, True, False, True]


def test_what_was_said_of_each_triplet_is_counted_literally():
    random = np.random.default_rng(0)
    pool = [(0, 1, 2), (2, 3, 4), (1, 4, 5)]
    rows = []
    for who in range(9):
        for triplet in pool:
            permuted = tuple(random.permutation(triplet).tolist())
            odd = int(random.integers(-1, 3))
            rows.append(shown(who, permuted, odd, float(random.uniform(1, 14)), level=triplet[0]))
    rows += [shown(9, (0, 1, 2), 0, 3.0), shown(9, (6, 7, 8), 0, 3.0)]  # few saw the last one
    data = trials(rows)
    found = judged_triplets(data, exclusions(data, np.array([1] * 9 + [2])), least_responses=2)
    assert found.triplets.tolist() == [[0, 1, 2], [1, 4, 5], [2, 3, 4]]
    assert found.level.tolist() == [0, 1, 2]
    assert found.num_triplets_with_few_responses == 1
    own = {0, 9}  # 1 to 8 were dealt the set of 0
    slow = 0
    for row, triplet in enumerate(found.triplets.tolist()):
        counts, own_counts, logs = [0, 0, 0], [0, 0, 0], []
        for who, seen, odd, seconds, *_ in rows:
            if sorted(seen) != triplet or odd == MISSED:
                continue
            pair = 2 - triplet.index(seen[odd])
            counts[pair] += 1
            if who in own:
                own_counts[pair] += 1
                slow += seconds > 10
                logs += [np.log(seconds)] if seconds <= 10 else []
        assert found.counts[row].tolist() == counts
        assert found.own_counts[row].tolist() == own_counts
        expected = np.mean(logs) if logs else np.nan
        assert found.mean_log_seconds[row] == pytest.approx(expected, nan_ok=True)
    assert found.num_slow_trials == slow
    assert found.num_missed_trials == sum(odd == MISSED for _, _, odd, *_ in rows)


def test_a_triplet_that_nobody_answered_in_time_has_no_time():
    rows = [shown(who, (0, 1, 2), 0, 11.0) for who in range(4)]
    found = judged_triplets(trials(rows), exclusions(trials(rows), np.arange(4)))
    assert np.isnan(found.mean_log_seconds).all()
    assert found.counts.tolist() == [[0, 0, 4]], "slow answers are answers"


def test_triplets_with_a_missing_image_are_left_out_and_pairs_stay_in_order():
    rows = [shown(who, triplet, 0) for who in range(4) for triplet in ((0, 1, 2), (1, 2, 3))]
    found = judged_triplets(trials(rows), exclusions(trials(rows), np.arange(4)))
    moved = found.renumbered(np.array([-1, 7, 5, 0]))
    assert moved.triplets.tolist() == [[7, 5, 0]], "1, 2, 3 under their new numbers"
    assert moved.counts.tolist() == [[0, 0, 4]], "the first is still the odd one"
    assert len(found.renumbered(np.full(4, -1)).triplets) == 0


def test_nobody_kept_gives_no_triplets():
    rows = [shown(0, (0, 1, 2), 0)] + [missed(0)] * 11
    found = judged_triplets(trials(rows), exclusions(trials(rows), np.arange(1)))
    assert len(found.triplets) == 0


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3).filter(any), min_size=1, max_size=5))
def test_credit_against_the_majority_sums_to_one_and_ties_share_it(rows):
    counts = np.array(rows)
    credit = majority_credit(counts)
    assert credit.sum(axis=1) == pytest.approx(1.0)
    for own, given_credit in zip(rows, credit.tolist(), strict=True):
        tied = [pair for pair in range(3) if own[pair] == max(own)]
        expected = [(pair in tied) / len(tied) for pair in range(3)]
        assert given_credit == pytest.approx(expected)


def test_the_majority_is_what_a_model_and_a_participant_are_measured_against():
    counts = np.array([[3, 1, 1], [2, 2, 1]])
    similarities = np.array([[3.0, 1.0, 2.0], [1.0, 2.0, 0.0]])
    assert expected_accuracy(similarities, majority_credit(counts)).tolist() == [1.0, 0.5]
    # the one who left: (3,1,1) less one of the three ties with nothing; see agreement's own tests
    assert leave_one_out_majority(counts) == pytest.approx([3 / 5, 0.0])


def test_one_response_each_is_a_three_way_tie_of_nobody():
    assert leave_one_out_majority(np.array([[1, 0, 0]])) == pytest.approx([1 / 3])
