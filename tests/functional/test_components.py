"""Principal components against scikit-learn's, and their signs."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from alignet_ray.functional.components import aligned_components, principal_components


@pytest.mark.parametrize("shape", [(40, 7), (6, 30)])
def test_components_are_scikit_learn_s_but_for_signs(shape):
    vectors = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    found = principal_components(vectors, 4)
    expected = PCA(4, svd_solver="full").fit(vectors.astype(np.float64))
    assert found.explained == pytest.approx(expected.explained_variance_ratio_)
    projections = expected.transform(vectors.astype(np.float64))
    assert np.abs(found.projections) == pytest.approx(np.abs(projections), abs=1e-6)


def test_all_components_explain_all():
    vectors = np.random.default_rng(1).normal(size=(20, 5))
    assert principal_components(vectors).explained.sum() == pytest.approx(1.0)
    assert (np.diff(principal_components(vectors).explained) <= 0).all()


def test_equal_vectors_explain_nothing():
    found = principal_components(np.ones((4, 3)))
    assert (found.explained == 0).all()
    assert (found.projections == 0).all()


def test_later_representations_point_the_way_of_the_first():
    random = np.random.default_rng(2)
    vectors = random.normal(size=(30, 4)) * np.array([8.0, 4, 2, 1])
    mirrored = vectors * np.array([-1.0, 1, -1, 1]) + random.normal(size=(30, 4)) / 50
    first, second = aligned_components([vectors, mirrored])
    products = (first.projections * second.projections).sum(axis=0)
    assert (products > 0).all()
    assert second.projections[:, 0] == pytest.approx(first.projections[:, 0], abs=0.5)
