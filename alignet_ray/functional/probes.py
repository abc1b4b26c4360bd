"""Linear probes on frozen representations: k shots over many seeds, and on all images.

A probe is multinomial logistic regression (`functional/softmax_regression.py`), minimising
C * sum of losses + |w|^2 / 2. Vectors are first standardised by the mean vector and ONE standard
deviation of the training vectors, so that the directions that a model makes large stay large.

    k shots   C = 1: there is nothing to choose it by
    all       C from a grid, by accuracy on a held-out fifth of each class; ties to the smaller

Which images are the shots depends on the labels, the seed and k alone: models see the same ones.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from alignet_ray.functional.finite import refuse_not_finite
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.functional.softmax_regression import Fit, Principal, fit, principal

SHOTS_STRENGTH = 1.0
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""The grid of C, of which smaller numbers regularise more."""
ONE_OF = 5
"""A fifth of each class's images is held out."""

_ROWS_AT_ONCE = 1 << 13

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
        is_allowed = np.ones(len(self.classes), dtype=np.bool_)
        if allowed is not None:
            is_allowed = np.isin(self.classes, list(allowed))
        if not is_allowed.any():
            raise ValueError("no class of the subset was trained on; expected some")
        places = np.empty(len(vectors), dtype=np.int64)
        for first in range(0, len(vectors), _ROWS_AT_ONCE):
            rows = slice(first, first + _ROWS_AT_ONCE)
            scores = np.where(is_allowed, self.scores(vectors[rows]), -np.inf)
            places[rows] = scores.argmax(axis=1)
        return self.classes[places]


class _Inputs(NamedTuple):
    """Standardised vectors in principal coordinates, and the number of each one's class."""

    classes: Int[np.ndarray, "classes"]
    targets: Int[np.ndarray, "images"]
    principal: Principal
    mean: Float[np.ndarray, "dim"]
    scale: float

    def fit(self, strength: float, start: Fit | None = None) -> Fit:
        return fit(self.principal, self.targets, len(self.classes), strength, start)

    def probe(self, found: Fit, strength: float) -> Probe:
        weights = found.weights @ self.principal.basis.T
        return Probe(
            self.classes, weights, found.bias, self.mean, self.scale, strength, found.has_converged
        )


def _inputs(vectors: Vectors, labels: Labels) -> _Inputs:
    """Raises ValueError for vectors that are not finite, and for fewer than two labels."""
    refuse_not_finite(vectors)
    classes, targets = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"{len(classes)} classes to tell apart; expected at least 2")
    mean = vectors.mean(axis=0, dtype=np.float64)
    centred = (vectors - mean.astype(vectors.dtype)).astype(np.float32, copy=False)
    scale = float(np.sqrt(np.mean(np.square(centred), dtype=np.float64))) or 1.0
    centred /= np.float32(scale)
    return _Inputs(classes, targets, principal(centred), mean, scale)


def fit_probe(vectors: Vectors, labels: Labels, strength: float = SHOTS_STRENGTH) -> Probe:
    """A probe of the labels that are there.

    Raises ValueError for vectors that are not finite, and for fewer than two labels.
    """
    inputs = _inputs(vectors, labels)
    return inputs.probe(inputs.fit(strength), strength)


def shot_rows(labels: Labels, num_shots: int, seed: int, draw: int = 0) -> Int[np.ndarray, "shots"]:
    """`num_shots` different images of each label, drawn uniformly, sorted by label.

    Each draw of a seed is another.

    Raises ValueError naming the first label that has fewer.
    """
    order = np.argsort(labels, kind="stable")
    names, starts, sizes = np.unique(labels[order], return_index=True, return_counts=True)
    if sizes.min(initial=num_shots) < num_shots:
        short = int(sizes.argmin())
        raise ValueError(
            f"{sizes[short]} images of class {names[short]}; expected at least {num_shots}"
        )
    chosen = RandomStream(seed, "shots", num_shots, draw).distinct_integers(sizes, num_shots)
    return order[(starts[:, None] + chosen).ravel()]


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
    grid = sorted(strengths)
    held_out = held_out_rows(labels, seed)
    if len(grid) == 1 or not held_out.any():
        return fit_probe(train, labels, grid[0])
    inputs = _inputs(train[~held_out], labels[~held_out])
    accuracies: list[float] = []
    found = None
    for strength in grid:  # each from the one before, which is near
        found = inputs.fit(strength, found)
        predicted = inputs.probe(found, strength).predictions(train[held_out])
        accuracies.append(float(np.mean(predicted == labels[held_out])))
    return fit_probe(train, labels, grid[int(np.argmax(accuracies))])


def held_out_rows(
    labels: Labels, seed: int, one_of: int = ONE_OF, purpose: str = "held-out"
) -> Bool[np.ndarray, "images"]:
    """One of so many of each class's images, rounded up, but never all of them; at random."""
    is_held_out = np.zeros(len(labels), dtype=np.bool_)
    shuffled = RandomStream(seed, purpose).permutation(len(labels))
    by_label = shuffled[np.argsort(labels[shuffled], kind="stable")]
    _, starts, sizes = np.unique(labels[by_label], return_index=True, return_counts=True)
    places = np.arange(len(labels)) - np.repeat(starts, sizes)
    nums = np.minimum(-(-sizes // one_of), sizes - 1)
    is_held_out[by_label[places < np.repeat(nums, sizes)]] = True
    return is_held_out
