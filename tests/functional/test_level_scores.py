"""Accuracy by level: literal means, paired differences, levels that are not there."""

import numpy as np
import pytest

from alignet_ray.functional.agreement import leave_one_out_majority
from alignet_ray.functional.level_scores import ALL_LEVELS, level_scores
from alignet_ray.functional.triplet_scores import TIED


def world(seed=0, num=60):
    random = np.random.default_rng(seed)
    counts = random.multinomial(5, [0.5, 0.3, 0.2], size=num)
    choices = random.integers(-1, 3, (2, num))
    return choices, counts, random.integers(0, 2, num)


def test_scores_are_the_literal_means():
    choices, counts, level = world()
    found = level_scores(choices, counts, level, pairs=[(0, 1)], num_resamples=30, seed=0)
    assert list(found) == ["coarse", "fine", ALL_LEVELS], "no class boundary, no row for it"
    for name, rows in (("coarse", level == 0), ("fine", level == 1), (ALL_LEVELS, level >= 0)):
        hard, soft = np.zeros((2, 2)), np.zeros((2, 2))
        for model in range(2):
            credits, shares = [], []
            for choice, count in zip(choices[model, rows], counts[rows], strict=True):
                tied = count.max() == count
                credits.append(0 if choice == TIED else tied[choice] / tied.sum())
                shares.append(0 if choice == TIED else count[choice] / count.sum())
            hard[model], soft[model] = np.mean(credits), np.mean(shares)
        own = found[name]
        assert own.num_triplets == rows.sum()
        assert own.num_responses == 5 * rows.sum()
        assert [i.estimate for i in own.accuracy] == pytest.approx(hard[:, 0])
        assert [i.estimate for i in own.soft_accuracy] == pytest.approx(soft[:, 0])
        difference = own.accuracy_differences[0]
        assert difference.estimate == pytest.approx(hard[1, 0] - hard[0, 0])
        assert difference.low < difference.estimate < difference.high
        soft_difference = own.soft_accuracy_differences[0].estimate
        assert soft_difference == pytest.approx(soft[1, 0] - soft[0, 0])
        ceiling = leave_one_out_majority(counts[rows]).mean()
        assert own.ceilings.noise_ceiling.estimate == pytest.approx(ceiling)
        assert own.ceilings.noise_ceiling.estimate <= own.ceilings.majority_share.estimate
        assert own.ceilings.num_repeated == own.num_triplets


def test_ceilings_leave_out_what_one_person_alone_judged():
    choices, counts, level = world()
    alone = np.vstack([counts, np.eye(3, dtype=np.int64)])
    more_choices = np.pad(choices, ((0, 0), (0, 3)))
    wanted = level_scores(choices, counts, level, num_resamples=5, seed=0)[ALL_LEVELS]
    found = level_scores(
        more_choices, alone, np.pad(level, (0, 3)), num_resamples=5, seed=0
    )[ALL_LEVELS]  # fmt: skip
    assert (found.num_triplets, found.ceilings.num_repeated) == (63, 60)
    assert found.ceilings == wanted.ceilings
    nobody = level_scores(
        more_choices[:, 60:], alone[60:], np.zeros(3, np.int64), num_resamples=5, seed=0
    )[ALL_LEVELS]
    assert nobody.ceilings.num_repeated == 0
    assert np.isnan(nobody.ceilings[1:]).all()


def test_a_model_that_is_the_majority_has_all_but_what_people_tie_on():
    _, counts, level = world()
    best = counts.argmax(axis=1)
    found = level_scores(best[None], counts, level, num_resamples=5, seed=0)[ALL_LEVELS]
    assert found.soft_accuracy[0] == pytest.approx(found.ceilings.majority_share)
    assert (np.sort(counts, axis=1)[:, 1] == counts.max(axis=1)).any(), "people do tie"
    assert found.accuracy[0].estimate < 1
    collapsed = np.full((1, len(counts)), TIED)
    nothing = level_scores(collapsed, counts, level, num_resamples=5, seed=0)[ALL_LEVELS]
    assert nothing.accuracy[0] == nothing.soft_accuracy[0] == (0.0, 0.0, 0.0)
