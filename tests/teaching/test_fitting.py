"""The fit's task learns, measures before and after, repeats, and refuses to teach nothing."""

import numpy as np
import pytest

from alignet_ray.config.fit_teacher import FitConfig, FitTeacherConfig
from alignet_ray.errors import InputError
from alignet_ray.functional.agreement import count_choices
from alignet_ray.functional.transform_fit import FitSettings
from alignet_ray.teaching.fitting import FitRequest, HumanCounts, fit_and_measure
from alignet_ray.teaching.human_data import HumanEmbedding, fit_data

NUM_OBJECTS = 90


def request(**changes):
    random = np.random.default_rng(0)
    meaning = random.uniform(0, 1.5, size=(NUM_OBJECTS, 3))
    surface = random.normal(size=(NUM_OBJECTS, 9)) * 2
    mixing = random.normal(size=(12, 12))
    vectors = (np.hstack([meaning, surface]) @ mixing + 4).astype(np.float32)
    names = tuple(map(str, range(NUM_OBJECTS)))
    config = FitTeacherConfig(
        images="", names="", output="", human_embedding="e",
        fit=FitConfig(num_triplets=5_000, num_held_out_triplets=1_000),
    )  # fmt: skip
    triplets = np.array([random.permutation(NUM_OBJECTS)[:3] for _ in range(300)])
    similarities = np.stack(
        [
            (meaning[triplets[:, i]] * meaning[triplets[:, j]]).sum(1)
            for i, j in ((0, 1), (0, 2), (1, 2))
        ],
        axis=1,
    )
    unique, counts = count_choices(triplets, 2 - similarities.argmax(axis=1))
    settings = {
        "regularisation": 1e-3, "learning_rate": 1e-2, "batch_size": 1 << 20, "max_epochs": 80,
        "patience": 20, "initial_scale": 1e-2, "gradient_clip": 1.0, "optimizer": "adam", "seed": 0,
    }  # fmt: skip
    return FitRequest(
        vectors=vectors,
        data=fit_data(HumanEmbedding(names=names, vectors=meaning), names, config),
        human=HumanCounts(triplets=unique, counts=counts, num_resamples=50, seed=0),
        settings=FitSettings(**settings | changes),
        threads=1,
    )


def test_agreement_rises_on_objects_never_seen_and_with_people():
    transform, metrics = fit_and_measure(request())
    assert transform.weight.shape == (12, 12)
    for similarity in ("dot", "centred_cosine"):
        before, after = (
            metrics["held_out"][state]["expected_accuracy"][similarity]
            for state in ("before", "after")
        )
        assert after > before
        human = metrics["human"][similarity]
        assert human["difference"]["low"] > 0
        assert human["difference"]["estimate"] == pytest.approx(
            human["after"]["estimate"] - human["before"]["estimate"]
        )
    losses = [metrics["held_out"][state]["cross_entropy"] for state in ("before", "after")]
    assert losses[1] < 1.0986 < losses[0]
    assert metrics["human"]["num_responses"] == 300


def test_the_same_request_gives_the_same_bundle():
    (first, said), (second, again) = (fit_and_measure(request(max_epochs=5)) for _ in range(2))
    assert first.sha256 == second.sha256
    assert said == again


def test_a_fit_that_learns_nothing_is_refused():
    with pytest.raises(InputError, match=r"--fit\.learning-rate"):
        fit_and_measure(request(learning_rate=1e4, optimizer="sgd", max_epochs=2))


def test_equal_representations_are_refused():
    same = request()
    flat = FitRequest(**vars(same) | {"vectors": np.ones_like(same.vectors)})
    with pytest.raises(InputError, match="all numbers are equal"):
        fit_and_measure(flat)
