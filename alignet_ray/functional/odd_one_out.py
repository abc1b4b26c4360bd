"""Triplets of similarities: pair order, probabilities, choice, uncertainty, accuracy.

The one pair order of the project is (01, 02, 12); choosing a pair leaves out the third image,
so pair index p names image `2 - p` the odd one out.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

PAIR_ORDER = ((0, 1), (0, 2), (1, 2))
NUM_PAIRS = len(PAIR_ORDER)

# As float64 half a megabyte: what a core's cache holds while all three pairs are taken from it.
_VALUES_AT_ONCE = 1 << 16

NumpyFloat = Float[np.ndarray, "..."]


def odd_one_out(pair: Int[np.ndarray, "..."]) -> Int[np.ndarray, "..."]:
    """Position (0, 1, 2) of the image that the chosen pair leaves out."""
    return 2 - pair


def pair_similarities(
    embeddings: Float[np.ndarray, "objects dim"], triplets: Int[np.ndarray, "triplets 3"]
) -> Float[np.ndarray, "triplets 3"]:
    """Dot products of each triplet's pairs in pair order, in float64."""
    similarities = np.empty(triplets.shape)
    step = max(1, _VALUES_AT_ONCE // (triplets.shape[1] * embeddings.shape[1]))
    for start in range(0, len(triplets), step):
        rows = slice(start, start + step)
        vectors = embeddings[triplets[rows]].astype(np.float64)
        for pair, (i, j) in enumerate(PAIR_ORDER):
            np.vecdot(vectors[:, i], vectors[:, j], out=similarities[rows, pair])
    return similarities


def pair_log_probabilities(
    similarities: Float[Tensor, "*batch 3"], temperature: float | Float[Tensor, ""] = 1.0
) -> Float[Tensor, "*batch 3"]:
    """Log softmax(similarities / temperature) over the three pairs."""
    # Pairs first in memory: a softmax over a last dimension of three takes each triplet alone.
    pairs_first = (similarities / temperature).movedim(-1, 0).contiguous()
    return torch.log_softmax(pairs_first, dim=0).movedim(0, -1)


def entropy(log_probabilities: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch"]:
    """Shannon entropy in nats; a probability of 0 adds 0."""
    probabilities = log_probabilities.exp()
    return -torch.where(probabilities > 0, probabilities * log_probabilities, 0.0).sum(-1)


def is_choice_correct(
    similarities: Float[np.ndarray, "triplets 3"], chosen_pair: Int[np.ndarray, "triplets"]
) -> Bool[np.ndarray, "triplets"]:
    """Whether the chosen pair is strictly the most similar one: a tie counts as wrong."""
    rows = np.arange(len(similarities))
    chosen = similarities[rows, chosen_pair]
    others = similarities.copy()
    others[rows, chosen_pair] = -np.inf
    return chosen > others.max(axis=1)


def centred(
    embeddings: Float[np.ndarray, "objects dim"], mean: Float[np.ndarray, "dim"] | None = None
) -> Float[np.ndarray, "objects dim"]:
    """Embeddings less the mean of this image set, or less a given one, in float64."""
    vectors = embeddings.astype(np.float64)
    return vectors - (vectors.mean(axis=0) if mean is None else mean)


def unit_length(embeddings: Float[np.ndarray, "objects dim"]) -> Float[np.ndarray, "objects dim"]:
    """Rows scaled to length 1; a zero row stays zero."""
    vectors = embeddings.astype(np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def as_similarity_space(
    embeddings: Float[np.ndarray, "objects dim"],
    similarity: str,
    mean: Float[np.ndarray, "dim"] | None = None,
) -> Float[np.ndarray, "objects dim"]:
    """Embeddings whose dot products are the named similarity.

    `dot` (the paper's), `centred_dot` or `centred_cosine`; the mean is that of `embeddings`, unless
    that of another image set is given. Raises ValueError for another name.
    """
    if similarity == "dot":
        return embeddings.astype(np.float64)
    if similarity == "centred_dot":
        return centred(embeddings, mean)
    if similarity == "centred_cosine":
        return unit_length(centred(embeddings, mean))
    raise ValueError(f"similarity is {similarity!r}; expected dot, centred_dot or centred_cosine")
