"""Representational similarity: literal ceilings, images in any order, one and many people."""

import numpy as np
import pytest
from scipy import stats

from alignet_ray.functional.rsa import (
    human_agreement,
    mean_triangle,
    model_agreement,
    noise_ceiling,
)
from alignet_ray.functional.similarity_matrices import upper_triangle


def people_of(num=4, num_images=7, seed=0):
    random = np.random.default_rng(seed)
    shared = random.normal(size=num_images * (num_images - 1) // 2)
    return np.round(shared + random.normal(size=(num, len(shared))), 1)


def test_ceilings_are_the_literal_ones():
    people = people_of()
    ranks = np.array([stats.rankdata(own) for own in people])
    lower, upper = [], []
    for who, own in enumerate(people):
        others = np.round(np.delete(ranks, who, axis=0).mean(axis=0), 9)
        lower.append(stats.spearmanr(own, others)[0])
        upper.append(stats.spearmanr(own, np.round(ranks.mean(axis=0), 9))[0])
    found = noise_ceiling(people)
    assert found == pytest.approx((np.mean(lower), np.mean(upper), 4))
    assert found.lower < found.upper


def test_no_model_is_above_the_upper_ceiling():
    people = people_of(num=6)
    best = human_agreement(mean_triangle(people), people, each=True)
    assert best.value == pytest.approx(noise_ceiling(people).upper)
    for seed in range(20):
        other = np.random.default_rng(seed).normal(size=people.shape[1])
        assert human_agreement(other, people, each=True).value <= best.value


def test_one_participant_has_no_ceiling():
    found = noise_ceiling(people_of(num=1))
    assert np.isnan([found.lower, found.upper]).all()
    assert human_agreement(people_of(num=1)[0], people_of(num=1)).value == pytest.approx(1.0)


def test_a_pair_that_some_judged_counts_and_one_that_nobody_judged_does_not():
    people = people_of()
    people[0, 3] = np.nan
    people[:, 5] = np.nan
    model = np.random.default_rng(1).normal(size=people.shape[1])
    found = human_agreement(model, people)
    assert (found.num_pairs, found.num_undefined) == (people.shape[1] - 1, 0)
    each = [stats.spearmanr(model[np.isfinite(own)], own[np.isfinite(own)])[0] for own in people]
    assert human_agreement(model, people, each=True).value == pytest.approx(np.mean(each))
    assert -1 <= noise_ceiling(people).lower <= 1


def test_a_constant_model_or_judge_has_a_reason():
    people = people_of()
    constant = np.zeros(people.shape[1])
    assert human_agreement(constant, people).undefined == "all similarities of the model are equal"
    model = np.arange(float(people.shape[1]))
    assert human_agreement(model, constant[None]).undefined == "all judged similarities are equal"
    nothing = np.full_like(people, np.nan)
    assert "0 judged pairs" in (human_agreement(model, nothing).undefined or "")
    mixed = np.vstack([people, constant])
    found = human_agreement(model, mixed, each=True)
    assert (found.num_undefined, found.undefined) == (1, None)
    assert found.value == pytest.approx(human_agreement(model, people, each=True).value)


def test_models_agree_whatever_the_order_of_the_images_and_the_scale():
    random = np.random.default_rng(3)
    first, second = random.normal(size=(2, 9, 4))
    order = random.permutation(9)
    found = model_agreement([first, second, first * 3])
    assert found == pytest.approx(found.T)
    assert np.diag(found) == pytest.approx(1.0)
    assert found[0, 2] == pytest.approx(1.0)
    permuted = model_agreement([first[order], second[order]])
    assert permuted[0, 1] == pytest.approx(found[0, 1])
    expected = stats.spearmanr(*(upper_triangle(np.corrcoef(x)) for x in (first, second)))[0]
    assert found[0, 1] == pytest.approx(expected)
