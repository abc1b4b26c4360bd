"""Claim: one core makes 150,000 soft labels of the paper's triplets a second (1,152 features,
float64), and 5 million of a 48 x 4 group's, from its Gram matrix.

In turns, in one process with one thread:

- triplets: transformed embeddings (float32) and triplets of image ids to the three dot products
  and their softmax in float64, beside a plain einsum, torch on gathered images, and a loop;
- groups: Gram matrices of 192 images to the probabilities of all their 54,144 cluster-border
  triplets in float64, beside numpy's indexing and torch's log-softmax of gathered pairs;
- exact Gram matrices, as shards hold them (docs/decisions/0002), beside float64 products rounded
  to float32, whose last bits depend on the machine.

All ways are compared with each other before they are timed.
"""

import statistics
from collections.abc import Callable

import numpy as np
import torch

from alignet_ray.functional.groups import gram_pair_similarities, triplet_positions
from alignet_ray.functional.odd_one_out import (
    PAIR_ORDER,
    pair_log_probabilities,
    pair_similarities,
)
from alignet_ray.functional.similarity import gram_matrix
from timing import Timing, in_turns, parser_of, ratio_line, use_one_thread

TRIPLETS_CLAIM, GROUPS_CLAIM = 150_000, 5_000_000
LOOP_SHARE = 20
BLOCKS = (4,) * 48
GROUP_SIZE = sum(BLOCKS)

Ways = dict[str, Callable[[], np.ndarray]]


def triplet_ways(embeddings: np.ndarray, triplets: np.ndarray) -> Ways:
    """From embeddings and ids to probabilities."""
    rows = torch.from_numpy(embeddings)
    ids = torch.from_numpy(triplets)

    def ours() -> np.ndarray:
        similarities = torch.from_numpy(pair_similarities(embeddings, triplets))
        return pair_log_probabilities(similarities).exp().numpy()

    def plain_numpy() -> np.ndarray:
        left, middle, right = (embeddings[triplets[:, i]].astype(np.float64) for i in range(3))
        pairs = ((left, middle), (left, right), (middle, right))
        return _softmax(np.stack([np.einsum("td,td->t", a, b) for a, b in pairs], axis=1))

    def plain_torch() -> np.ndarray:
        left, middle, right = (rows[ids[:, i]].double() for i in range(3))
        pairs = ((left, middle), (left, right), (middle, right))
        similarities = torch.stack([(a * b).sum(-1) for a, b in pairs], dim=1)
        return torch.log_softmax(similarities, dim=-1).exp().numpy()

    return {"pair_similarities": ours, "numpy einsum": plain_numpy, "torch": plain_torch}


def triplet_loop(vectors: np.ndarray, triplets: np.ndarray) -> np.ndarray:
    """One triplet after the other, of vectors that are float64 already."""
    similarities = [[vectors[t[i]] @ vectors[t[j]] for i, j in PAIR_ORDER] for t in triplets]
    return _softmax(np.array(similarities))


def group_ways(grams: np.ndarray) -> Ways:
    """From Gram matrices to the probabilities of all their triplets."""
    triplets = triplet_positions("cluster_border", BLOCKS)
    i, j, k = triplets.T
    positions, matrices = torch.from_numpy(triplets), torch.from_numpy(grams)
    first, second, third = positions.unbind(1)

    def ours() -> np.ndarray:
        similarities = gram_pair_similarities(matrices.double(), positions)
        return pair_log_probabilities(similarities).exp_().numpy()

    def plain_numpy() -> np.ndarray:
        wide = grams.astype(np.float64)
        return _softmax(np.stack([wide[:, i, j], wide[:, i, k], wide[:, j, k]], axis=-1))

    def plain_torch() -> np.ndarray:
        wide = matrices.double()
        pairs = (wide[:, first, second], wide[:, first, third], wide[:, second, third])
        return torch.log_softmax(torch.stack(pairs, dim=-1), dim=-1).exp().numpy()

    return {"gram_pair_similarities": ours, "numpy indexing": plain_numpy, "torch": plain_torch}


def gram_ways(groups: np.ndarray) -> Ways:
    """From groups of embeddings to their Gram matrices."""

    def plain() -> np.ndarray:
        vectors = groups.astype(np.float64)
        return (vectors @ vectors.swapaxes(-1, -2)).astype(np.float32)

    return {"gram_matrix": lambda: gram_matrix(groups), "float64 product": plain}


def _softmax(similarities: np.ndarray) -> np.ndarray:
    powers = np.exp(similarities - similarities.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def compare(title: str, ways: Ways, num_triplets: int, repeats: int, claim: int = 0) -> None:
    """Check that all ways agree, time them in turns, print rates and ratios."""
    results = [way() for way in ways.values()]
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], rtol=1e-6, atol=1e-6)
    timings = in_turns(ways, repeats)
    print(f"{title}: {num_triplets:,} triplets")
    for timing in timings:
        print(timing.line(), f" {_rate(timing, num_triplets):>14,.0f} triplets/s")
    for other in timings[1:]:
        print(ratio_line(timings[0], other))
    if claim:
        print(f"  claim: at least {claim:,} a second")
    print()


def _rate(timing: Timing, num_triplets: int) -> float:
    return num_triplets / statistics.median(timing.seconds)


def main() -> None:
    """Time all three parts."""
    parser = parser_of(__doc__)
    parser.add_argument("--images", type=int, default=16_384, help="images in the pool")
    parser.add_argument("--dim", type=int, default=1152, help="features of an embedding")
    parser.add_argument("--triplets", type=int, default=20_000, help="triplets in one turn")
    parser.add_argument("--groups", type=int, default=8, help="groups in one turn")
    parser.add_argument("--repeats", type=int, default=9, help="turns")
    asked = parser.parse_args()
    use_one_thread()
    random = np.random.default_rng(0)
    shape = (asked.images, asked.dim)
    embeddings = random.normal(size=shape).astype(np.float32) / np.float32(asked.dim**0.25)
    triplets = random.integers(asked.images, size=(asked.triplets, 3))
    repeats = asked.repeats
    compare("triplets", triplet_ways(embeddings, triplets), asked.triplets, repeats, TRIPLETS_CLAIM)
    few = triplets[: max(1, asked.triplets // LOOP_SHARE)]
    wide = embeddings.astype(np.float64)
    ways = {
        "pair_similarities": triplet_ways(embeddings, few)["pair_similarities"],
        "loop": lambda: triplet_loop(wide, few),
    }
    compare("triplets, one after the other", ways, len(few), repeats)
    groups = embeddings[random.integers(asked.images, size=(asked.groups, GROUP_SIZE))]
    per_group = len(triplet_positions("cluster_border", BLOCKS))
    num_triplets = per_group * asked.groups
    compare("groups", group_ways(gram_matrix(groups)), num_triplets, repeats, GROUPS_CLAIM)
    compare("exact Gram matrices of 48 x 4", gram_ways(groups), num_triplets, repeats)
    some = embeddings[triplets[: GROUP_SIZE // 3]]
    compare("exact Gram matrices of triplets", gram_ways(some), len(some), repeats)


if __name__ == "__main__":
    main()
