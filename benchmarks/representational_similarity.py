"""Seconds and peak memory of comparing two models, or a model and people, on many images.

python benchmarks/representational_similarity.py --num-images 10000
"""

import argparse
import resource
import time

import numpy as np

from alignet_ray.functional.rsa import model_agreement


def main() -> None:
    """Compares two random representations and prints seconds and peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-images", type=int, default=10_000)
    parser.add_argument("--dim", type=int, default=768)
    given = parser.parse_args()
    random = np.random.default_rng(0)
    first = random.normal(size=(given.num_images, given.dim)).astype(np.float32)
    second = first + random.normal(size=first.shape).astype(np.float32)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    start = time.perf_counter()
    agreement = model_agreement([first, second])
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{given.num_images:,} images: {seconds:.1f} s, Spearman {agreement[0, 1]:.4f}; peak "
        f"memory {peak:.2f} GiB, {before:.2f} GiB of it before"
    )


if __name__ == "__main__":
    main()
