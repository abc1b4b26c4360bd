"""Calibration against slow literal counts, laws, and a known answer of the real responses."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import spearmanr

from alignet_ray.functional.agreement import LEAST_REPEATED, choice_entropy, count_choices
from alignet_ray.functional.calibration import (
    Model,
    calibration,
    entropy_correlation,
    expected_calibration_error,
    models_before_and_after,
    negative_log_likelihood,
    reliability_bins,
    softmax_model,
)
from alignet_ray.functional.odd_one_out import pair_similarities
from alignet_ray.functional.random_streams import RandomStream

SIMILARITIES = hnp.arrays(np.float64, (7, 3), elements=st.floats(-4, 4))
COUNTS = hnp.arrays(np.int64, (7, 3), elements=st.integers(0, 5)).map(
    lambda counts: counts + np.array([1, 0, 0])
)
TIED = hnp.arrays(np.float64, 9, elements=st.integers(0, 4).map(float))


def logs_of(similarities):
    return softmax_model(similarities, 1.0).log_probabilities


def literal_bins(probabilities, counts, num_bins):
    """One response and one pair after the other."""
    found = {}
    for own, chosen in zip(probabilities, counts, strict=True):
        for pair in range(3):
            for _ in range(chosen[pair]):
                for other in range(3):
                    number = min(int(own[other] * num_bins), num_bins - 1)
                    found.setdefault(number, []).append((own[other], other == pair))
    return {
        number: (np.mean([p for p, _ in own]), np.mean([hit for _, hit in own]), len(own))
        for number, own in sorted(found.items())
    }


@given(SIMILARITIES, COUNTS, st.integers(1, 12))
def test_bins_equal_a_literal_count(similarities, counts, num_bins):
    logs = logs_of(similarities)
    found = reliability_bins(logs, counts, num_bins)
    expected = literal_bins(np.exp(logs), counts, num_bins)
    assert [round(own.low * num_bins) for own in found] == list(expected)
    for own, (said, came, num) in zip(found, expected.values(), strict=True):
        assert (own.mean_predicted, own.share_chosen) == pytest.approx((said, came))
        assert own.num == num


@given(SIMILARITIES, COUNTS)
def test_bins_lose_no_response_and_keep_the_sums(similarities, counts):
    found = reliability_bins(logs_of(similarities), counts)
    assert sum(own.num for own in found) == 3 * counts.sum()
    assert all(own.low <= own.mean_predicted <= own.high + 1e-12 for own in found)
    for name in ("mean_predicted", "share_chosen"):
        total = sum(own.num * getattr(own, name) for own in found)
        assert total == pytest.approx(counts.sum())  # the three pairs of a response add to 1


def test_probabilities_of_0_and_1_have_their_bins():
    with np.errstate(divide="ignore"):
        logs = np.log(np.array([[1.0, 0.0, 0.0]]))
    first, last = reliability_bins(logs, np.array([[3, 1, 0]]))
    assert (first.low, first.share_chosen, first.num) == (0.0, 1 / 8, 8)
    assert (last.high, last.share_chosen, last.num) == (1.0, 3 / 4, 4)


@given(COUNTS)
def test_the_human_distribution_itself_is_calibrated_and_likeliest(counts):
    shares = counts / counts.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        logs = np.log(shares)
    bins = reliability_bins(logs, counts)
    assert expected_calibration_error(bins) == pytest.approx(0, abs=1e-12)
    uniform = np.full(counts.shape, -math.log(3))
    assert negative_log_likelihood(logs, counts) <= math.log(3) + 1e-12
    assert negative_log_likelihood(uniform, counts) == pytest.approx(math.log(3))


def test_the_error_is_the_distance_from_the_diagonal():
    logs = np.log(np.array([[0.8, 0.15, 0.05]]))
    bins = reliability_bins(logs, np.array([[1, 0, 1]]))
    # 0.8 came true in a half, 0.15 never, 0.05 in a half; each is a third of what was said.
    expected = (0.3 + 0.15 + 0.45) / 3
    assert expected_calibration_error(bins) == pytest.approx(expected)


@given(SIMILARITIES, COUNTS)
def test_the_likelihood_equals_a_literal_sum(similarities, counts):
    logs = logs_of(similarities)
    losses = [
        -logs[triplet, pair]
        for triplet in range(len(counts))
        for pair in range(3)
        for _ in range(counts[triplet, pair])
    ]
    assert negative_log_likelihood(logs, counts) == pytest.approx(np.mean(losses))


def test_a_choice_that_was_called_impossible_is_infinitely_unlikely():
    with np.errstate(divide="ignore"):
        logs = np.log(np.array([[1.0, 0.0, 0.0]]))
    assert negative_log_likelihood(logs, np.array([[5, 0, 0]])) == 0
    assert negative_log_likelihood(logs, np.array([[5, 1, 0]])) == math.inf
    said = calibration({"m": Model(logs, 1.0)}, np.array([[5, 1, 0]]), num_resamples=2, seed=0)
    assert said["m"]["negative_log_likelihood"] is None


def test_saturated_entropies_tie_and_others_do_not():
    counts = np.array([[9, 0, 0], [6, 3, 0], [5, 4, 0], [3, 3, 3]]).repeat(8, axis=0)
    saturated = np.array([[2e3, 0, 0], [3e3, 0, 0], [4e3, 0, 0], [5e3, 0, 0.0]])
    saturated = saturated.repeat(8, axis=0)
    assert entropy_correlation(logs_of(saturated), counts, num_resamples=3, seed=0) is None
    soft = saturated / np.array([[100], [300], [600], [1000]]).repeat(
        8, axis=0
    )  # 20, 10, 6.7, 5: softer and softer
    found = entropy_correlation(logs_of(soft), counts, num_resamples=50, seed=0)
    assert found.estimate == pytest.approx(1)


def test_the_interval_resamples_triplets():
    random = np.random.default_rng(0)
    counts, logs = random.integers(1, 9, size=(40, 3)), logs_of(random.normal(size=(40, 3)))
    found = entropy_correlation(logs, counts, num_resamples=40, seed=5)
    own, human = -(np.exp(logs) * logs).sum(axis=1), choice_entropy(counts)
    draws = [RandomStream(5, "bootstrap", i).integers(np.full(40, 40)) for i in range(40)]
    values = [spearmanr(own[rows], human[rows]).statistic for rows in draws]
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])))
    assert found.estimate == pytest.approx(spearmanr(own, human).statistic)


def test_single_answers_say_nothing_of_how_far_people_agree():
    counts, logs = np.eye(3, dtype=np.int64).repeat(20, axis=0), logs_of(np.zeros((60, 3)))
    assert entropy_correlation(logs, counts, num_resamples=3, seed=0) is None
    counts[:LEAST_REPEATED] += 1
    found = entropy_correlation(logs, counts, num_resamples=3, seed=0)
    assert found == entropy_correlation(logs[:30], counts[:30], num_resamples=3, seed=0)


def test_a_model_in_triplets_of_another_order_is_the_same():
    random = np.random.default_rng(1)
    counts, logs = random.integers(1, 9, size=(40, 3)), logs_of(random.normal(size=(40, 3)))
    order, pairs = random.permutation(40), [2, 0, 1]
    one, other = (
        calibration({"m": Model(own, 1.0)}, mine, num_resamples=2, seed=0)["m"]
        for own, mine in ((logs, counts), (logs[order][:, pairs], counts[order][:, pairs]))
    )
    for name in ("negative_log_likelihood", "expected_calibration_error"):
        assert one[name] == pytest.approx(other[name])
    correlations = (own["entropy_correlation"]["estimate"] for own in (one, other))
    assert next(correlations) == pytest.approx(next(correlations))


def test_the_temperature_is_that_of_training_probabilities_and_of_nothing_else():
    random = np.random.default_rng(2)
    before = random.normal(size=(30, 4))
    after = before * 0.5
    training = np.array([random.permutation(30)[:3] for _ in range(400)])
    truth = np.exp(softmax_model(pair_similarities(before, training), 7.0).log_probabilities)
    unseen = np.array([random.permutation(30)[:3] for _ in range(5)])
    models = models_before_and_after(
        before, after, unseen, training_triplets=training, training_probabilities=truth
    )
    assert list(models) == ["before", "before_at_best_temperature", "after"]
    assert models["before"].temperature == models["after"].temperature == 1
    assert models["before_at_best_temperature"].temperature == pytest.approx(7, rel=1e-6)
    expected = softmax_model(pair_similarities(before, unseen) / 4, 1.0).log_probabilities
    assert models["after"].log_probabilities == pytest.approx(expected)


@pytest.mark.real
def test_known_answers_on_the_responses_to_things(real_data):
    things = real_data / "things"
    rows = np.loadtxt(things / "human_test_triplets.tsv", dtype=np.int64)
    triplets, counts = count_choices(rows[:, :3] - 1, rows[:, 3] - 1)
    vectors = np.load(things / "vice_embedding_42d.npy").astype(np.float64)
    model = softmax_model(pair_similarities(vectors, triplets), 1.0)
    said = calibration({"human_model": model}, counts, num_resamples=200, seed=0)["human_model"]
    by_triplet = [
        negative_log_likelihood(logs[None], own[None])
        for logs, own in zip(model.log_probabilities, counts, strict=True)
    ]
    assert np.mean(by_triplet) == pytest.approx(0.83645, abs=5e-6)  # each triplet once
    assert said["negative_log_likelihood"] == pytest.approx(0.83652, abs=5e-6)  # each response
    assert said["expected_calibration_error"] < 0.03
    assert sum(own["num"] for own in said["bins"]) == 60_000
    interval = said["entropy_correlation"]
    assert 0.6 < interval["low"] < interval["estimate"] < interval["high"] < 0.9
