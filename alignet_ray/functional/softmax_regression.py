"""Multinomial logistic regression, quickly and to its optimum, for many classes and dimensions.

Minimises, with weights W (a row per class) and biases b that are not penalised,

    C * sum of losses + |W|^2 / 2

by L-BFGS on principal coordinates: rotated so that they are uncorrelated, and cut to the span of
the vectors where these are fewer than their dimensions (the optimum lies in it). Each is divided by
sqrt(1 + C * curvature * its sum of squares), which makes the problem round: three to five times
fewer steps than on plain vectors. Products are float32, sums float64.

Memory: three float32 copies of the vectors, 128 MB of logits, 22 copies of the weights in float64.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
from jaxtyping import Float, Float32, Float64, Int
from scipy.optimize import minimize

_CURVATURE = 0.03
"""Of p (1 - p) near the optimum, times the number of classes: 1 at uniform p, less as p is sure."""
_TOLERANCE = 1e-4
_WINDOW = 5
"""A fit ends where so many steps together lower the objective by less than this share of it."""
_MOST_STEPS = 1000
_FLAT = 1e-3
_LEAST_VARIANCE = 1e-10
_LOGITS_AT_ONCE = 1 << 24


class Principal(NamedTuple):
    """Vectors in their principal coordinates, `vectors @ basis`, each column's sum of squares."""

    coordinates: Float32[np.ndarray, "images rank"]
    basis: Float[np.ndarray, "dim rank"]
    squares: Float64[np.ndarray, "rank"]


class Fit(NamedTuple):
    """Weights in principal coordinates, and whether they are the optimum's."""

    weights: Float64[np.ndarray, "classes rank"]
    bias: Float64[np.ndarray, "classes"]
    has_converged: bool


def principal(vectors: Float32[np.ndarray, "images dim"]) -> Principal:
    """Coordinates in which columns are uncorrelated; as many as vectors or dimensions."""
    num, dim = vectors.shape
    if num >= dim:
        squares, basis = scipy.linalg.eigh(vectors.T @ vectors)
        return Principal(vectors @ basis, basis, np.maximum(squares, 0).astype(np.float64))
    wide = vectors.astype(np.float64)
    squares, sides = scipy.linalg.eigh(wide @ wide.T)
    kept = squares > _LEAST_VARIANCE * squares[-1]
    lengths = np.sqrt(squares[kept])
    basis = wide.T @ (sides[:, kept] / lengths)
    return Principal((sides[:, kept] * lengths).astype(np.float32), basis, squares[kept])


def fit(
    principal: Principal,
    targets: Int[np.ndarray, "images"],
    num_classes: int,
    strength: float,
    start: Fit | None = None,
) -> Fit:
    """The optimum for targets in [0, num_classes) and C = `strength`, from zero or a fit nearby."""
    objective = _Objective(principal, targets, num_classes, strength)
    recent: list[float] = []

    def has_settled() -> bool:
        lowered = recent[-1 - _WINDOW] - recent[-1] if len(recent) > _WINDOW else np.inf
        return lowered < _TOLERANCE * recent[-1]

    def end_where_settled(intermediate_result: Any) -> None:
        recent.append(intermediate_result.fun)
        if has_settled():
            raise StopIteration

    found = minimize(
        objective, objective.rounded(start), jac=True, method="L-BFGS-B",
        callback=end_where_settled, options={"maxiter": _MOST_STEPS, "gtol": 0.0, "ftol": 0.0},
    )  # fmt: skip
    weights, bias = objective.plain(found.x)
    has_converged = (bool(recent) and has_settled()) or objective.is_flat(found.jac)
    return Fit(weights, bias, has_converged=has_converged)


class _Objective:
    """The objective over the number of images and C, and its gradient, in round coordinates.

    Parameters are a row per class: rounded weights, then the rounded bias.
    """

    def __init__(
        self,
        principal: Principal,
        targets: Int[np.ndarray, "images"],
        num_classes: int,
        strength: float,
    ) -> None:
        curvature = strength * _CURVATURE / num_classes
        self.scale = 1 / np.sqrt(1 + curvature * principal.squares)
        self.bias_scale = 1 / np.sqrt(curvature * len(targets))
        self.inputs = principal.coordinates * self.scale.astype(np.float32)
        self.targets, self.num_classes, self.strength = targets, num_classes, strength
        self.rows_at_once = max(1, _LOGITS_AT_ONCE // num_classes)

    def rounded(self, start: Fit | None) -> Float64[np.ndarray, "parameters"]:
        """Where a search starts."""
        if start is None:
            return np.zeros(self.num_classes * (len(self.scale) + 1))
        return np.column_stack([start.weights / self.scale, start.bias / self.bias_scale]).ravel()

    def is_flat(self, gradient: Float64[np.ndarray, "parameters"]) -> bool:
        """Whether a gradient is nothing beside that at zero: float32 may find no lower step."""
        _, at_zero = self(np.zeros_like(gradient))
        return bool(abs(gradient).max() <= _FLAT * abs(at_zero).max())

    def plain(
        self, parameters: Float64[np.ndarray, "parameters"]
    ) -> tuple[Float64[np.ndarray, "classes rank"], Float64[np.ndarray, "classes"]]:
        """Weights and biases in principal coordinates."""
        table = parameters.reshape(self.num_classes, -1)
        return table[:, :-1] * self.scale, table[:, -1] * self.bias_scale

    def __call__(
        self, parameters: Float64[np.ndarray, "parameters"]
    ) -> tuple[float, Float64[np.ndarray, "parameters"]]:
        table = parameters.reshape(self.num_classes, -1)
        weights = table[:, :-1]
        narrow = weights.astype(np.float32)
        bias = (table[:, -1] * self.bias_scale).astype(np.float32)
        gradient = np.zeros_like(table)
        loss = 0.0
        for first in range(0, len(self.targets), self.rows_at_once):
            rows = slice(first, first + self.rows_at_once)
            own, errors = _losses(self.inputs[rows] @ narrow.T + bias, self.targets[rows])
            loss += own
            gradient[:, :-1] += errors.T @ self.inputs[rows]
            gradient[:, -1] += errors.sum(axis=0, dtype=np.float64) * self.bias_scale
        penalised = weights * self.scale**2
        value = self.strength * loss + float((penalised * weights).sum()) / 2
        gradient *= self.strength
        gradient[:, :-1] += penalised
        over = self.strength * len(self.targets)
        return value / over, gradient.ravel() / over


def _losses(
    logits: Float32[np.ndarray, "rows classes"], targets: Int[np.ndarray, "rows"]
) -> tuple[float, Float32[np.ndarray, "rows classes"]]:
    """Sum of the cross-entropies, and softmax less target; the logits are overwritten."""
    rows = np.arange(len(targets))
    logits -= logits.max(axis=1, keepdims=True)
    right = logits[rows, targets].sum(dtype=np.float64)
    np.exp(logits, out=logits)
    sums = logits.sum(axis=1, keepdims=True)
    loss = float(np.log(sums, dtype=np.float64).sum() - right)
    logits /= sums
    logits[rows, targets] -= 1
    return loss, logits
