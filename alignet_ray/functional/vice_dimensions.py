"""Which dimensions of a VICE embedding carry meaning (method: section 2, pruning).

A dimension lives if more than a few objects reject "my value is at most 0" under its posterior,
p = Phi(0; mean, scale), at a false discovery rate over the objects (Benjamini and Hochberg 1995).
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

PerObject = Float[Tensor, "objects dims"]


def rejections(
    p_values: Float[Tensor, "tests families"], fdr: float
) -> Bool[Tensor, "tests families"]:
    """Benjamini-Hochberg, each column a family: all p up to the largest p_(i) <= fdr * i / n."""
    ascending, order = p_values.sort(dim=0)
    num_tests = len(p_values)
    limits = fdr * torch.arange(1, num_tests + 1).to(p_values) / num_tests
    # Whether this one or any larger one is below its limit.
    is_below = (ascending <= limits[:, None]).flip(0).cummax(dim=0).values.flip(0)
    return torch.zeros_like(is_below).scatter(0, order, is_below)


def live_dimensions(
    mean: PerObject, scale: PerObject, *, fdr: float, min_objects: int
) -> Int[Tensor, "live"]:
    """Dimensions in which more than `min_objects` objects are above 0; widest first (L1 norm)."""
    is_above = rejections(torch.special.ndtr(-mean.double() / scale.double()), fdr)
    live = (is_above.sum(dim=0) > min_objects).nonzero().flatten()
    return live[mean[:, live].abs().sum(dim=0).argsort(descending=True, stable=True)]
