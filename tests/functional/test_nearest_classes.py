"""Nearest images: scikit-learn's, whatever the chunk, and ties as they are defined."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from alignet_ray.functional import nearest_classes
from alignet_ray.functional.nearest_classes import nearest_class


@pytest.mark.parametrize("count", [1, 7])
def test_labels_are_scikit_learn_s(monkeypatch, count):
    monkeypatch.setattr(nearest_classes, "_VALUES_AT_ONCE", 100)
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 40)  # two labels and odd counts: no ties
    train, test = random.normal(size=(40, 5)), random.normal(size=(30, 5))
    known = KNeighborsClassifier(count, metric="cosine", algorithm="brute").fit(train, labels)
    assert nearest_class(train, labels, test, count).tolist() == known.predict(test).tolist()
    assert nearest_class(train * 7, labels, test, count).tolist() == known.predict(test).tolist()


def test_of_as_many_votes_the_nearest_wins():
    train = np.array([[1.0, 0.0], [1.0, 0.1], [1.0, 0.2], [0.0, 1.0]])
    labels = np.array([5, 2, 2, 5])
    query = np.array([[1.0, 0.0]])
    assert nearest_class(train, labels, query, 1).tolist() == [5]
    assert nearest_class(train, labels, query, 2).tolist() == [5], "one vote each"
    assert nearest_class(train, labels, query, 3).tolist() == [2]
    assert nearest_class(train, labels, query, 99).tolist() == [5], "all four, two votes each"


def test_equal_cosines_go_by_row_and_constant_vectors_are_no_crash():
    train = np.ones((5, 3))
    labels = np.array([4, 1, 1, 1, 1])
    assert nearest_class(train, labels, np.ones((2, 3)), 1).tolist() == [4, 4]
    assert nearest_class(train * 0, labels, np.ones((1, 3)), 3).tolist() == [1]
    with pytest.raises(ValueError, match="no training image"):
        nearest_class(train[:0], labels[:0], train, 1)
