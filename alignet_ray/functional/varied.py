"""A list of the first items that does not show the same image again and again."""

import numpy as np
from jaxtyping import Int


def varied(
    items: Int[np.ndarray, "items images"], count: int, *, most_each: int = 2
) -> Int[np.ndarray, "kept"]:
    """Places of the first `count` items in whose run no image comes more than `most_each` times.

    One odd image is in many of the pairs that two models disagree on most.
    """
    shown: dict[int, int] = {}
    kept: list[int] = []
    for place, images in enumerate(items.tolist()):
        if len(kept) == count:
            break
        if all(shown.get(image, 0) < most_each for image in images):
            kept.append(place)
            for image in images:
                shown[image] = shown.get(image, 0) + 1
    return np.array(kept, dtype=np.int64)
