"""A model's uncertainty against people's: laws, and the figures of the calibration."""

import numpy as np
import pytest
from scipy import stats

from alignet_ray.functional.agreement import count_choices
from alignet_ray.functional.odd_one_out import pair_similarities
from alignet_ray.functional.triplet_scores import score_triplets, value_of_choice
from alignet_ray.functional.uncertainty import people_entropy, uncertainty_correlations
from alignet_ray.records.choices import read_choices
from alignet_ray.records.human import read_names
from alignet_ray.records.human_embedding import read_human_embedding


def world(seed=0, num_triplets=120):
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(20, 5))
    triplets = np.array([random.permutation(20)[:3] for _ in range(num_triplets)])
    logits = pair_similarities(vectors, triplets)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    counts = np.array([random.multinomial(5, share) for share in shares])
    return vectors, triplets, counts


def test_one_response_says_nothing_of_agreement():
    entropies = people_entropy(np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [2, 0, 0]]))
    assert np.isnan(entropies[:2]).all()
    assert entropies[2:] == pytest.approx([np.log(2), 0.0])


def test_times_that_are_not_known_are_left_out_of_the_resamples_too():
    random = np.random.default_rng(1)
    entropies = random.normal(size=(2, 40))
    times = entropies[0] + random.normal(size=40)
    kept = np.arange(40) % 4 > 0
    unknown = np.where(kept, times, np.nan)
    settings = {"pairs": [(1, 0)], "num_resamples": 20, "seed": 0}
    found = uncertainty_correlations(entropies, unknown, **settings)
    assert found == uncertainty_correlations(entropies[:, kept], times[kept], **settings)
    expected = stats.spearmanr(entropies[0, kept], times[kept])[0]
    assert found.models[0].interval.estimate == pytest.approx(expected)
    assert found.models[0].num_items == 30


@pytest.mark.real
def test_vice_is_unsure_where_people_are(real_data):
    things = real_data / "things"
    names = read_names(str(things / "names_vice_order.txt"))
    responses = read_choices(str(things / "human_test_triplets.tsv"), names)
    vectors = read_human_embedding(str(things / "vice_embedding_42d.npy"), names).vectors
    triplets, counts = count_choices(responses.triplets, responses.odd_position)
    scores = score_triplets(vectors.astype(np.float64), triplets)
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert value_of_choice(scores.choice, shares).mean() == pytest.approx(0.63564, abs=5e-6)
    human = people_entropy(counts)
    found = uncertainty_correlations(scores.entropies, human, num_resamples=20, seed=0).models[0]
    assert found.interval.estimate == pytest.approx(stats.spearmanr(scores.entropies[0], human)[0])
    assert found.interval.estimate == pytest.approx(0.67868, abs=5e-6)


def test_a_collapsed_model_has_no_correlation():
    entropies = np.full((1, 10), np.log(3))
    found = uncertainty_correlations(entropies, np.arange(10.0), num_resamples=5, seed=0)
    assert found.models[0].undefined == "all values of the model are equal"
