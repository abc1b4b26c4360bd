"""Mixed-effects linear regression of changes on relations, with clusters as groups.

Changes of one cluster's images are not independent, so each cluster has an intercept of its own
(random), and the relations' effects are what is common to all clusters (fixed). A pair belongs to
the cluster of its left image, which was drawn. Fitted by restricted maximum likelihood.
"""

import warnings
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from alignet_ray.functional.category_pairs import RELATIONS

REFERENCE = len(RELATIONS) - 1


class Effect(NamedTuple):
    """How much more a relation changes than `different_superordinate` does; two-sided p."""

    coefficient: float
    standard_error: float
    p_value: float


class MixedEffects(NamedTuple):
    """The reference's mean change as `intercept`, the effects of the relations that are there."""

    intercept: Effect
    effects: dict[str, Effect]
    group_variance: float
    residual_variance: float
    num_pairs: int
    num_groups: int
    has_converged: bool


def mixed_effects(
    change: Float[np.ndarray, "pairs"],
    relation: Int[np.ndarray, "pairs"],
    group: Int[np.ndarray, "pairs"],
) -> MixedEffects:
    """Fits change = intercept + effect of the relation + intercept of the group + residual.

    Raises ValueError where there are not at least two groups, or no pair of the reference or of
    another relation.
    """
    present = sorted(set(relation.tolist()))
    num_groups = len(np.unique(group))
    if REFERENCE not in present or len(present) < 2:
        found = ", ".join(RELATIONS[number] for number in present)
        raise ValueError(f"only pairs of {found}; expected {RELATIONS[-1]} and another relation")
    if num_groups < 2:
        raise ValueError(f"{num_groups} clusters; expected at least 2, as groups of the regression")
    others = [number for number in present if number != REFERENCE]
    design = np.column_stack(
        [np.ones(len(change)), *(relation == number for number in others)]
    ).astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # said by `has_converged`
        warnings.filterwarnings("ignore", message=".*singular.*")  # no variance between groups
        fitted = MixedLM(change, design, groups=group).fit(reml=True)
    rows = [
        Effect(float(value), float(error), float(p))
        for value, error, p in zip(
            fitted.fe_params, fitted.bse_fe, fitted.pvalues[: len(others) + 1], strict=True
        )
    ]
    return MixedEffects(
        intercept=rows[0],
        effects={RELATIONS[number]: row for number, row in zip(others, rows[1:], strict=True)},
        group_variance=float(np.asarray(fitted.cov_re)[0, 0]),
        residual_variance=float(fitted.scale),
        num_pairs=len(change),
        num_groups=num_groups,
        has_converged=bool(fitted.converged),
    )
