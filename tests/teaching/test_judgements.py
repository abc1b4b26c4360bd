"""Both kinds of judgements stay inside the objects asked for; nothing is left out silently."""

import numpy as np
import pytest

from alignet_ray.errors import InputError
from alignet_ray.functional.vice_posterior import posterior_probabilities
from alignet_ray.records.human import HumanProbabilities
from alignet_ray.teaching.human_data import HumanEmbedding
from alignet_ray.teaching.judgements import judgements_of, likeliest

NAMES = tuple(f"object{i:02d}" for i in range(30))
EMBEDDED = NAMES[:5] + NAMES[6:]
SOME = np.arange(29) % 3 == 1


def judged(source, object_ids=EMBEDDED, seed=0):
    return judgements_of(source, object_ids, seed=seed, place="here")


def human_embedding(**changes):
    vectors = np.random.default_rng(0).uniform(0, 1, size=(30, 4))
    return HumanEmbedding(**{"names": NAMES, "vectors": vectors} | changes)


def human_probabilities():
    random = np.random.default_rng(1)
    triplets = np.array([random.permutation(30)[:3] for _ in range(400)])
    return HumanProbabilities(
        names=NAMES, triplets=triplets, probabilities=random.dirichlet(np.ones(3), size=400)
    )


def test_drawn_triplets_stay_inside_and_have_the_embedding_s_probabilities():
    source = human_embedding()
    found = judged(source).among(SOME, 200, "train 0")
    assert SOME[found.triplets].all()
    assert len(found.triplets) == 200
    a, b, c = (source.vectors[NAMES.index(EMBEDDED[row])] for row in found.triplets[0])
    expected = np.exp([a @ b, a @ c, b @ c])
    assert found.probabilities[0] == pytest.approx(expected / expected.sum())


def test_a_scale_gives_the_posterior_s_probabilities():
    scale = np.full((30, 4), 0.3)
    found = judged(human_embedding(scale=scale)).among(SOME, 50, "train 0")
    kept = [NAMES.index(name) for name in EMBEDDED]
    mean = human_embedding().vectors[kept]
    expected = posterior_probabilities(mean, scale[kept], found.triplets, num_samples=50, seed=0)
    assert found.probabilities == pytest.approx(expected)


def test_a_name_is_a_stream():
    source = judged(human_embedding())
    first, again = (source.among(SOME, 50, "a").triplets for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, source.among(SOME, 50, "b").triplets)
    assert not len(source.among(np.arange(29) < 2, 50, "a").triplets), "two objects have none"


def test_objects_that_the_embedding_lacks_are_never_drawn_and_counted():
    few = HumanEmbedding(names=NAMES[10:], vectors=human_embedding().vectors[10:])
    found = judged(few)
    assert found.counts == {"objects_without_human_vector": 9}
    triplets = found.among(np.ones(29, dtype=bool), 300, "a").triplets
    assert triplets.min() >= 9
    with pytest.raises(InputError, match="here"):
        judged(HumanEmbedding(names=("x", "y", "z"), vectors=np.eye(3)))


def test_given_triplets_are_those_of_the_objects_alone():
    source = human_probabilities()
    found = judged(source)
    assert found.counts["dropped_without_image"] == (source.triplets == 5).any(axis=1).sum()
    assert found.counts["triplets"] + found.counts["dropped_without_image"] == 400
    everything = found.among(np.ones(29, dtype=bool), 1, "a")
    assert len(everything.triplets) == found.counts["triplets"]
    inside = found.among(SOME, 1, "a")
    assert SOME[inside.triplets].all()
    assert len(inside.triplets) == SOME[everything.triplets].all(axis=1).sum() > 0
    with pytest.raises(InputError, match="here: no triplet of embedded objects"):
        judged(source, ("x", "y"))


def test_the_digest_is_that_of_the_content():
    first, again, other = (judged(own).digest for own in (human_probabilities(),) * 2 + (
        human_embedding(),))  # fmt: skip
    assert first == again != other
    scaled = human_embedding(scale=np.ones((30, 4)))
    assert judged(human_embedding()).digest == other != judged(scaled).digest


def test_hard_targets_are_the_likeliest_pair():
    given = np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2], [0.0, 0.0, 1.0]])
    assert likeliest(given).tolist() == [[0, 1, 0], [0.5, 0.5, 0], [0, 0, 1]]
