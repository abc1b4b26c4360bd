"""The affine map into the human-like space, and the coordinates in which it is fitted.

    x' = W x + b ,   x = (z - mean) / scale with one mean and one scale of the whole matrix

Where W is fitted on principal components y = V^T (x - m) as y' = W_k y + b_k, the result is still
one affine map of all dimensions, with the same dot products because V has orthonormal columns:

    W = V W_k V^T ,   b = V (b_k - W_k V^T m)
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


class AffineMap(NamedTuple):
    """x' = weight x + bias, for standardised x."""

    weight: Float[Tensor, "dim dim"]
    bias: Float[Tensor, "dim"]

    def apply(self, features: Float[Tensor, "objects dim"]) -> Float[Tensor, "objects dim"]:
        """Transformed features."""
        return torch.addmm(self.bias, features, self.weight.T)

    def detached(self) -> "AffineMap":
        """A copy that no fit changes any more."""
        return AffineMap(self.weight.detach().clone(), self.bias.detach().clone())


class Components(NamedTuple):
    """The mean of the features and orthonormal directions, one a column; float64."""

    mean: Float[np.ndarray, "dim"]
    basis: Float[np.ndarray, "dim components"]

    def project(
        self, features: Float[np.ndarray, "rows dim"]
    ) -> Float[np.ndarray, "rows components"]:
        """Features in the coordinates of the components."""
        return (features - self.mean) @ self.basis


def scalar_standardisation(features: Float[np.ndarray, "objects dim"]) -> tuple[float, float]:
    """Mean and standard deviation of the whole matrix, one number each."""
    values = features.astype(np.float64)
    return float(values.mean()), float(values.std())


def principal_components(features: Float[np.ndarray, "objects dim"], count: int) -> Components:
    """The `count` directions of most variance, at most dim; each one's largest entry is positive.

    Of fewer objects than directions, those past the variance are orthonormal and arbitrary.
    """
    values = features.astype(np.float64)
    mean = values.mean(axis=0)
    _, directions = np.linalg.eigh((values - mean).T @ (values - mean))
    basis = directions[:, ::-1][:, :count]
    largest = np.abs(basis).argmax(axis=0)
    return Components(mean, basis * np.sign(basis[largest, np.arange(basis.shape[1])]))


def lifted(
    weight: Float[np.ndarray, "components components"],
    bias: Float[np.ndarray, "components"],
    components: Components,
) -> tuple[Float[np.ndarray, "dim dim"], Float[np.ndarray, "dim"]]:
    """Weight and bias of the map of all dimensions that does the same as one of components."""
    narrow = weight @ components.basis.T
    return components.basis @ narrow, components.basis @ (bias - narrow @ components.mean)
