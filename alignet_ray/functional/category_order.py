"""The order in which categories are laid side by side: near ones next to each other."""

import numpy as np
from jaxtyping import Float, Int
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform


def category_order(
    distances: Float[np.ndarray, "categories categories"],
) -> Int[np.ndarray, "categories"]:
    """Places in an order where the sum of distances between neighbours is small.

    The leaves of average linkage, turned by optimal ordering. The diagonal does not count.
    """
    if len(distances) < 3:
        return np.arange(len(distances))
    between = squareform(distances - np.diag(np.diag(distances)), checks=False)
    tree = linkage(between - between.min(), "average", optimal_ordering=True)
    return leaves_list(tree).astype(np.int64)
