"""Linear probes on frozen representations: k shots over many seeds, and on all images.

A probe is multinomial logistic regression, fitted by L-BFGS (scikit-learn), minimising
C * sum of losses + |w|^2 / 2. Vectors are first standardised by the mean vector and ONE standard
deviation of the training vectors, so that the directions that a model makes large stay large.

    k shots   C = 1: there is nothing to choose it by
    all       C from a grid, by accuracy on a held-out fifth of each class; ties to the smaller

A fit holds two float64 copies of its training vectors. Which images are the shots depends on the
labels, the seed and k alone: models see the same ones.
"""

import warnings
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from alignet_ray.functional.finite import refuse_not_finite
from alignet_ray.functional.random_streams import RandomStream

SHOTS_STRENGTH = 1.0
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""The grid of C, of which smaller numbers regularise more."""
HELD_OUT_SHARE = 0.2

_MOST_ITERATIONS = 1000

Vectors = Float[np.ndarray, "images dim"]
Labels = Int[np.ndarray, "images"]


class Probe(NamedTuple):
    """A linear classifier of vectors; `classes` are the labels of its columns, ascending."""

    classes: Int[np.ndarray, "classes"]
    weights: Float[np.ndarray, "classes dim"]
    bias: Float[np.ndarray, "classes"]
    mean: Float[np.ndarray, "dim"]
    scale: float
    strength: float
    has_converged: bool

    def scores(self, vectors: Vectors) -> Float[np.ndarray, "images classes"]:
        """Logits, one column per class."""
        return (vectors - self.mean) / self.scale @ self.weights.T + self.bias

    def predictions(
        self, vectors: Vectors, allowed: Iterable[int] | None = None
    ) -> Int[np.ndarray, "images"]:
        """The most likely label, or of the allowed ones, such as ImageNet-A's 200 classes.

        Raises ValueError where the probe knows none of them.
        """
        scores = self.scores(vectors)
        if allowed is not None:
            is_allowed = np.isin(self.classes, list(allowed))
            if not is_allowed.any():
                raise ValueError("no class of the subset was trained on; expected some")
            scores = np.where(is_allowed, scores, -np.inf)
        return self.classes[scores.argmax(axis=1)]


def fit_probe(vectors: Vectors, labels: Labels, strength: float = SHOTS_STRENGTH) -> Probe:
    """A probe of the labels that are there.

    Raises ValueError for vectors that are not finite, and for fewer than two labels.
    """
    refuse_not_finite(vectors)
    num_classes = len(np.unique(labels))
    if num_classes < 2:
        raise ValueError(f"{num_classes} classes to tell apart; expected at least 2")
    mean = vectors.mean(axis=0, dtype=np.float64)
    centred = vectors - mean
    scale = float(np.sqrt(np.mean(centred**2))) or 1.0
    model = LogisticRegression(C=strength, max_iter=_MOST_ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # said by `has_converged`
        model.fit(centred / scale, labels)
    weights, bias = np.asarray(model.coef_), np.asarray(model.intercept_)
    if len(weights) == 1:  # of two classes scikit-learn keeps the second's logit alone
        weights = np.concatenate([np.zeros_like(weights), weights])
        bias = np.concatenate([np.zeros_like(bias), bias])
    has_converged = int(np.max(model.n_iter_)) < _MOST_ITERATIONS
    classes = np.asarray(model.classes_)
    return Probe(classes, weights, bias, mean, scale, strength, has_converged)


def shot_rows(labels: Labels, num_shots: int, seed: int) -> Int[np.ndarray, "shots"]:
    """`num_shots` different images of each label, drawn uniformly, sorted by label.

    Raises ValueError naming the first label that has fewer.
    """
    order = np.argsort(labels, kind="stable")
    names, starts, sizes = np.unique(labels[order], return_index=True, return_counts=True)
    if sizes.min(initial=num_shots) < num_shots:
        short = int(sizes.argmin())
        raise ValueError(
            f"{sizes[short]} images of class {names[short]}; expected at least {num_shots}"
        )
    chosen = RandomStream(seed, "shots", num_shots).distinct_integers(sizes, num_shots)
    return order[(starts[:, None] + chosen).ravel()]


def few_shot_accuracies(
    train: Vectors,
    train_labels: Labels,
    test: Vectors,
    test_labels: Labels,
    *,
    num_shots: int,
    seeds: Sequence[int],
) -> Float[np.ndarray, "seeds"]:
    """Accuracy on all test images of a probe on `num_shots` images per class, one per seed."""
    accuracies = np.empty(len(seeds))
    for place, seed in enumerate(seeds):
        rows = shot_rows(train_labels, num_shots, seed)
        probe = fit_probe(train[rows], train_labels[rows])
        accuracies[place] = np.mean(probe.predictions(test) == test_labels)
    return accuracies


def linear_probe(
    train: Vectors,
    labels: Labels,
    *,
    seed: int,
    strengths: Sequence[float] = STRENGTHS,
) -> Probe:
    """The probe on all images, with the strength that is best on a held-out fifth of them.

    A class with one image is held out of nothing. One strength is taken as it is.
    """
    best = strengths[0]
    if len(strengths) > 1:
        held_out = held_out_rows(labels, seed)
        accuracies = [
            _accuracy(fit_probe(train[~held_out], labels[~held_out], one), train, labels, held_out)
            for one in sorted(strengths)
        ]
        best = sorted(strengths)[int(np.argmax(accuracies))]
    return fit_probe(train, labels, best)


def held_out_rows(labels: Labels, seed: int) -> Bool[np.ndarray, "images"]:
    """A fifth of each class's images, rounded up, but never all of them; at random."""
    is_held_out = np.zeros(len(labels), dtype=np.bool_)
    shuffled = RandomStream(seed, "held-out").permutation(len(labels))
    for label in np.unique(labels):
        own = shuffled[labels[shuffled] == label]
        num = min(int(np.ceil(HELD_OUT_SHARE * len(own))), len(own) - 1)
        is_held_out[own[:num]] = True
    return is_held_out


def _accuracy(
    probe: Probe, vectors: Vectors, labels: Labels, rows: Bool[np.ndarray, "images"]
) -> float:
    if not rows.any():
        return 0.0
    return float(np.mean(probe.predictions(vectors[rows]) == labels[rows]))
