"""Resampled agreement is that of the whole bootstrap, taken in runs."""

import numpy as np
import pytest
from scipy import stats

from alignet_ray.functional.bootstrap import resampled_items
from alignet_ray.functional.rsa_resamples import resampled_agreement

NUM_IMAGES = 9


def triangles(num=3, seed=0):
    random = np.random.default_rng(seed)
    return np.round(random.normal(size=(num, NUM_IMAGES * (NUM_IMAGES - 1) // 2)), 1)


def literal(model, human, drawn):
    """Every pair of drawn images as often as it was drawn, never an image with itself."""
    full = []
    for values in (model, human):
        matrix = np.zeros((NUM_IMAGES, NUM_IMAGES))
        matrix[np.triu_indices(NUM_IMAGES, 1)] = values
        full.append(matrix + matrix.T)
    taken = [
        [own[a, b] for place, a in enumerate(drawn) for b in drawn[place + 1 :] if a != b]
        for own in full
    ]
    judged = np.isfinite(taken[1])
    return stats.spearmanr(np.array(taken[0])[judged], np.array(taken[1])[judged])[0]


def test_a_resample_is_the_literal_one_and_runs_make_the_whole():
    human, *models = triangles()
    human[4] = np.nan
    whole = resampled_agreement(models, human, NUM_IMAGES, start=0, stop=6, seed=3)
    draws = list(resampled_items(NUM_IMAGES, num_resamples=6, seed=3))
    expected = [[literal(own, human, drawn.tolist()) for own in models] for drawn in draws]
    assert whole == pytest.approx(np.array(expected))
    runs = [
        resampled_agreement(models, human, NUM_IMAGES, start=a, stop=b, seed=3)
        for a, b in ((0, 2), (2, 6))
    ]
    assert np.concatenate(runs).tolist() == whole.tolist()


def test_a_constant_model_has_no_correlation():
    human, model = triangles(2)
    found = resampled_agreement(
        [np.full_like(model, 2.5), model], human, NUM_IMAGES, start=0, stop=4, seed=0
    )
    assert np.isnan(found[:, 0]).all()
    assert np.isfinite(found[:, 1]).all()
