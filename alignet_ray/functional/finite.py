"""One rule for vectors that are no numbers: refused by row, before they pass for something else."""

import numpy as np
from jaxtyping import Float


def refuse_not_finite(vectors: Float[np.ndarray, "rows dim"]) -> None:
    """Raise ValueError where a vector holds NaN or infinity, naming the first row from 1."""
    wrong = np.flatnonzero(~np.logical_and.reduce(np.isfinite(vectors), axis=1))
    if len(wrong):
        raise ValueError(
            f"{len(wrong)} vectors with NaN or infinity (the first in row {wrong[0] + 1}); "
            "expected finite numbers"
        )
