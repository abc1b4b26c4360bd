"""How many clusters: the elbow of the inertia over a geometric range of counts."""

from collections.abc import Sequence

import numpy as np

_STEP = 2**0.5


def candidate_counts(smallest: int, largest: int) -> tuple[int, ...]:
    """Counts from smallest to largest, each about the square root of 2 times the one before."""
    counts = [smallest]
    while counts[-1] < largest:
        counts.append(min(largest, max(counts[-1] + 1, round(counts[-1] * _STEP))))
    return tuple(counts)


def elbow(curve: Sequence[tuple[int, float]]) -> int:
    """The count whose point lies farthest below the chord from the first to the last point.

    Both axes are scaled to [0, 1] first (Satopaa et al. 2011, "kneedle"). A curve that never
    bends below its chord has no elbow: then the first count is as good as any and is returned.
    Points are (count, inertia) in rising order of the count.
    """
    counts, inertias = np.array(curve, dtype=np.float64).T
    width, height = counts[-1] - counts[0], inertias[0] - inertias[-1]
    if width <= 0 or height <= 0:
        return int(counts[0])
    across, down = (counts - counts[0]) / width, (inertias[0] - inertias) / height
    return int(counts[np.argmax(down - across)])
