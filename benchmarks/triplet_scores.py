"""How long a model's choices and entropies of all of THINGS' triplets take, on one thread.

python benchmarks/triplet_scores.py --num-triplets 4700000 --dim 768
"""

import argparse
import resource
import time

import numpy as np
import torch

from alignet_ray.functional.agreement import count_choices
from alignet_ray.functional.triplet_scores import score_triplets, value_of_choice


def main() -> None:
    """Scores random triplets of 1,854 objects and prints seconds and peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-triplets", type=int, default=4_700_000)
    parser.add_argument("--num-objects", type=int, default=1854)
    parser.add_argument("--dim", type=int, default=768)
    given = parser.parse_args()
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    vectors = random.normal(size=(given.num_objects, given.dim))
    first = random.integers(0, given.num_objects, given.num_triplets)
    steps = random.integers(1, given.num_objects // 2, (2, given.num_triplets))
    triplets = np.stack([first, first + steps[0], first + steps.sum(axis=0)], axis=1)
    triplets %= given.num_objects
    odd = random.integers(0, 3, given.num_triplets)
    start = time.perf_counter()
    unique, counts = count_choices(triplets, odd)
    counted = time.perf_counter()
    scores = score_triplets(vectors, unique, (1.0, 10.0))
    shares = value_of_choice(scores.choice, counts / counts.sum(axis=1, keepdims=True))
    end = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{given.num_triplets:,} responses: counted in {counted - start:.1f} s, "
        f"{len(unique):,} triplets scored at two temperatures in {end - counted:.1f} s, "
        f"mean share {shares.mean():.4f}; peak memory {peak:.2f} GiB"
    )


if __name__ == "__main__":
    main()
