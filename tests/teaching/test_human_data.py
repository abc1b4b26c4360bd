"""Both human sources give triplets on one side each; nothing is left out silently."""

import numpy as np
import pytest

from alignet_ray.config.fit_teacher import FitConfig, FitTeacherConfig
from alignet_ray.errors import InputError
from alignet_ray.functional.transform_fit import hold_out
from alignet_ray.records.human import HumanProbabilities
from alignet_ray.teaching.human_data import HumanEmbedding, fit_data

NAMES = tuple(f"object{i:02d}" for i in range(30))
EMBEDDED = NAMES[:5] + NAMES[6:]


def config(**fit):
    settings = {"held_out_fraction": 0.4, "num_triplets": 500, "num_held_out_triplets": 100}
    return FitTeacherConfig(
        images="", names="", output="", human_embedding="e.npy", fit=FitConfig(**settings | fit)
    )


def human_embedding():
    vectors = np.random.default_rng(0).uniform(0, 1, size=(30, 4))
    return HumanEmbedding(names=NAMES, vectors=vectors)


def test_drawn_triplets_stay_on_their_side_and_have_the_embedding_s_probabilities():
    source = human_embedding()
    data = fit_data(source, EMBEDDED, config())
    held_out = hold_out(len(EMBEDDED), 0.4, seed=0)
    assert not held_out[data.train.triplets].any()
    assert held_out[data.held_out.triplets].all()
    assert (len(data.train.triplets), len(data.held_out.triplets)) == (500, 100)
    first, probabilities = data.train.triplets[0], data.train.probabilities[0]
    a, b, c = (source.vectors[NAMES.index(EMBEDDED[row])] for row in first)
    expected = np.exp([a @ b, a @ c, b @ c])
    assert probabilities == pytest.approx(expected / expected.sum())


def test_the_same_seed_draws_the_same():
    first, second = (fit_data(human_embedding(), EMBEDDED, config()) for _ in range(2))
    assert np.array_equal(first.train.triplets, second.train.triplets)


def test_given_triplets_are_split_by_objects_and_counted():
    random = np.random.default_rng(1)
    triplets = np.array([random.permutation(30)[:3] for _ in range(400)])
    source = HumanProbabilities(
        names=NAMES, triplets=triplets, probabilities=np.full((400, 3), 1 / 3)
    )
    data = fit_data(source, EMBEDDED, config())
    counts = data.counts
    assert counts["dropped_without_image"] == (triplets == 5).any(axis=1).sum()
    parts = ("train_triplets", "held_out_triplets", "dropped_across_sides")
    assert sum(counts[name] for name in parts) == 400 - counts["dropped_without_image"]
    assert counts["train_objects"] + counts["held_out_objects"] == 29
    held_out = hold_out(len(EMBEDDED), 0.4, seed=0)
    assert not held_out[data.train.triplets].any()
    assert held_out[data.held_out.triplets].all()


@pytest.mark.parametrize("fraction", [0.05, 0.95])
def test_a_side_without_triplets_is_refused(fraction):
    with pytest.raises(InputError, match=r"--fit\.held-out-fraction"):
        fit_data(human_embedding(), EMBEDDED, config(held_out_fraction=fraction))
