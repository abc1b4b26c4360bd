"""A names file in another usual order is refused by the images; guessing has a remark."""

from dataclasses import replace

import numpy as np
import pytest

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.evaluation.names_order import (
    OtherOrder,
    Question,
    evidence_of_model,
    order_said,
    refuse_other_order,
    remarks_on,
)
from alignet_ray.evaluation.references import EvaluatedModel
from alignet_ray.evaluation.representations import InMemory, Representations, Represented
from alignet_ray.functional.bootstrap import Interval
from alignet_ray.functional.odd_one_out import pair_similarities
from alignet_ray.functional.row_order import CLEARLY, gains_of_objects, z_score
from alignet_ray.records.human import HumanChoices

CONFIG = EvaluateConfig(output="o", models=("m",), names="n.txt", responses="r.tsv")
NAMES = tuple(f"a{mark}{number:02d}" for number in range(30) for mark in "-_")


def world(num_triplets=600):
    """Choices of people whose numbers count NAMES, and two models of all images but one."""
    random = np.random.default_rng(0)
    vectors = random.normal(size=(len(NAMES), 5))
    triplets = np.array([random.permutation(len(NAMES))[:3] for _ in range(num_triplets)])
    odd = 2 - (pair_similarities(vectors, triplets) + random.gumbel(size=triplets.shape)).argmax(1)
    models = tuple(
        Represented(
            model=EvaluatedModel(label=label, variant="as it is", embeddings="e"), backbone=None,
            source=InMemory(vectors[1:] + random.normal(size=vectors[1:].shape)),
        )
        for label in "ab"
    )  # fmt: skip
    choices = HumanChoices(names=NAMES, triplets=triplets, odd_position=odd, is_numbered=True)
    return choices, Representations(keys=NAMES[1:], models=models, rejects={})


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_numbers_that_count_another_order_are_refused():
    choices, represented = world()
    scores = refuse_other_order(choices, represented, CONFIG)
    assert list(scores) == ["sorted ids", "ids sorted as names of files",
                            "ids sorted with '_' as a space"]  # fmt: skip
    assert max(scores.values()) < -3
    said = order_said(choices, CONFIG, scores)
    assert said["z"]["sorted ids"] == pytest.approx(scores["sorted ids"], abs=1e-6)
    wrong = replace(choices, names=tuple(sorted(NAMES)))
    refuse_other_order(replace(wrong, is_numbered=False), represented, CONFIG)
    refuse_other_order(wrong, represented, replace(CONFIG, check_order=False))
    # The true order is none of the usual ones here: nothing can be found.
    refuse_other_order(wrong, represented, CONFIG)
    # Numbers that count sorted ids, given the names in another order.
    by_sorted = {name: row for row, name in enumerate(sorted(NAMES))}
    numbers = np.array([by_sorted[name] for name in NAMES])[choices.triplets]
    with pytest.raises(OtherOrder) as caught:
        refuse_other_order(replace(choices, triplets=numbers), represented, CONFIG)
    assert "sorted ids (z = " in caught.value.value
    assert "r.tsv, numbered by n.txt" in str(caught.value)
    assert "--no-check-order" in caught.value.remedy
    refuse_other_order(replace(wrong, triplets=numbers), represented, CONFIG)


def test_only_triplets_that_an_order_changes_count_and_all_models_see_the_same():
    choices, represented = world(200)
    given = np.arange(len(NAMES)) - 1
    other = given.copy()
    other[[3, 4]] = other[[4, 3]]
    question = Question(
        choices.triplets, np.eye(3, dtype=np.int64)[2 - choices.odd_position], given, (other,)
    )
    sources = [own.source for own in represented.models]
    touched = np.isin(choices.triplets, (3, 4)).any(axis=1) & (choices.triplets > 0).all(axis=1)
    for place in range(2):
        (gains,) = evidence_of_model(place, sources, question)
        assert len(gains) == touched.sum()
        assert gains.any()


def test_a_few_moved_objects_decide_nothing_however_many_triplets_show_them():
    rng = np.random.default_rng(0)
    triplets = np.array([rng.choice(50, 3, replace=False) for _ in range(5000)])
    is_moved = np.zeros(50, dtype=bool)
    is_moved[[3, 7]] = True
    shown = triplets[is_moved[triplets].any(axis=1)]
    sums = gains_of_objects(np.ones(len(shown)), shown, is_moved)
    assert len(sums) == 2
    assert sums.sum() == len(shown)
    assert z_score(sums) < CLEARLY


def test_where_no_model_is_better_than_guessing_there_is_a_remark():
    guesses, knows = Interval(0.34, 0.32, 0.36), Interval(0.4, 0.38, 0.42)
    assert all("no better than guessing" in str(said) for said in remarks_on([guesses, guesses]))
    assert remarks_on([guesses, knows]) == [None, None]
    choices, _ = world(10)
    assert order_said(choices, replace(CONFIG, check_order=False), {}) == {"is": "not checked"}
    named = order_said(replace(choices, is_numbered=False), CONFIG, {})
    assert "name their objects" in named["is"]
