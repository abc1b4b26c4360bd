"""Seconds and peak memory of one model's distances by relation, with the jackknife over images.

python benchmarks/hierarchy_distances.py --num-images 10000
"""

import argparse
import resource
import time

import numpy as np

from alignet_ray.functional.hierarchy import relation_distances

_CLASSES, _OF_ONE_BASIC, _OF_ONE_SUPERORDINATE = 1000, 2, 34


def main() -> None:
    """Measures random vectors of 1,000 classes and prints seconds and peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-images", type=int, default=10_000)
    parser.add_argument("--dim", type=int, default=768)
    given = parser.parse_args()
    random = np.random.default_rng(0)
    vectors = random.normal(size=(given.num_images, given.dim)).astype(np.float32)
    classes = random.integers(0, _CLASSES, given.num_images)
    categories = np.stack(
        [classes, classes // _OF_ONE_BASIC, classes // _OF_ONE_SUPERORDINATE], axis=1
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    start = time.process_time()
    found = relation_distances(vectors, categories)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{given.num_images:,} images, {found.num_pairs.sum():,} pairs: {seconds:.1f} s of CPU "
        f"time; peak {peak:.2f} GiB, of which {before:.2f} GiB before"
    )


if __name__ == "__main__":
    main()
