"""Agreement of a model's choices with people's, per unique triplet, and how far people agree.

Responses to the same three images are not independent, so everything is counted per unique
triplet: `counts[t, p]` is how many people chose pair p (pair order) of triplet t.
"""

import math

import numpy as np
from jaxtyping import Bool, Float, Int

from alignet_ray.functional.odd_one_out import NUM_PAIRS, is_choice_correct

Counts = Int[np.ndarray, "triplets 3"]
Similarities = Float[np.ndarray, "triplets 3"]
LEAST_REPEATED = 30
"""Triplets with two responses or more, below which how far people agree is not worth saying."""


def triplet_codes(triplets: Int[np.ndarray, "rows 3"], num_objects: int) -> Int[np.ndarray, "rows"]:
    """One number for three objects in any order; at most two million objects."""
    return np.sort(triplets, axis=1) @ _place_values(num_objects)


def _place_values(num_objects: int) -> Int[np.ndarray, "3"]:
    """Codes are numbers of three digits to this base: the least object is the first digit."""
    return num_objects ** np.array([2, 1, 0], dtype=np.int64)


def count_choices(
    triplets: Int[np.ndarray, "responses 3"], odd_position: Int[np.ndarray, "responses"]
) -> tuple[Int[np.ndarray, "triplets 3"], Int[np.ndarray, "triplets 3"]]:
    """Unique triplets, their objects ascending, and how often each pair was chosen.

    `odd_position` (0, 1, 2) is the place of the odd one out in the order of the response.
    Objects are numbered from 0, at most two million of them.
    """
    order = np.argsort(triplets, axis=1, kind="stable")
    sorted_position = np.argmax(order == odd_position[:, None], axis=1)
    num_objects = int(triplets.max(initial=0)) + 1
    codes, inverse = np.unique(triplet_codes(triplets, num_objects), return_inverse=True)
    unique = codes[:, None] // _place_values(num_objects) % num_objects
    counts = np.zeros((len(codes), NUM_PAIRS), dtype=np.int64)
    np.add.at(counts, (inverse, 2 - sorted_position), 1)
    return unique, counts


def num_correct(similarities: Similarities, counts: Counts) -> Float[np.ndarray, "triplets"]:
    """Responses of each triplet that the model's choice agrees with; a tie agrees with none."""
    return _of_choice(similarities, counts.astype(np.float64))


def expected_accuracy(
    similarities: Similarities, probabilities: Float[np.ndarray, "triplets 3"]
) -> Float[np.ndarray, "triplets"]:
    """Human probability of the model's choice, per triplet; 0 for a tie."""
    return _of_choice(similarities, probabilities.astype(np.float64))


def _of_choice(
    similarities: Similarities, values: Float[np.ndarray, "triplets 3"]
) -> Float[np.ndarray, "triplets"]:
    choice = similarities.argmax(axis=1)
    return values[np.arange(len(values)), choice] * is_choice_correct(similarities, choice)


def is_repeated(counts: Counts) -> Bool[np.ndarray, "triplets"]:
    """Whether a triplet has two responses or more, so that people can differ on it."""
    return counts.sum(axis=1) >= 2


def majority_share(counts: Counts) -> Float[np.ndarray, "triplets"]:
    """Share of the most frequent choice: no model can agree with more of these responses."""
    return counts.max(axis=1) / counts.sum(axis=1)


def leave_one_out_majority(counts: Counts) -> Float[np.ndarray, "triplets"]:
    """Mean over a triplet's people of agreeing with the majority of the others.

    A t-way tie of the others credits 1 / t; a triplet with one response, where there are no
    others, is a three-way tie.
    """
    agreement = np.zeros(len(counts))
    for pair in range(NUM_PAIRS):
        others = counts - np.eye(NUM_PAIRS, dtype=np.int64)[pair]
        is_majority = others == others.max(axis=1, keepdims=True)
        credit = is_majority[:, pair] / is_majority.sum(axis=1)
        agreement += np.where(counts[:, pair] > 0, counts[:, pair] * credit, 0.0)
    return agreement / counts.sum(axis=1)


def choice_entropy(counts: Counts) -> Float[np.ndarray, "triplets"]:
    """Entropy of each triplet's distribution of human choices, in nats.

    That of the shares themselves (plug-in): of few responses too low by about (choices seen - 1) /
    (2 responses), which `mean_entropy_of_people` mends where a mean is aimed at. Summed in the
    order of size, so that triplets with the same shares of other pairs tie exactly.
    """
    shares = np.sort(counts, axis=1) / counts.sum(axis=1, keepdims=True)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return -(shares * logs).sum(axis=1)


def mean_entropy_of_people(counts: Counts) -> float:
    """Mean over triplets of the entropy of people's choices in nats, corrected for few responses.

    Miller and Madow (1955): each triplet's entropy plus (choices seen - 1) / (2 responses); the
    mean is at most log 3, and NaN without a triplet. It is what models' mean entropies are matched
    to: with the plug-in values they would be surer than people are. Of 1,000 triplets of THINGS
    whose shares were taken for the truth (0.732) 40 redraws of 20 responses have 0.686 on
    average and corrected 0.725, of 5 responses 0.543 and 0.643: with very few it stays too low.
    """
    if not len(counts):
        return math.nan
    bias = ((counts > 0).sum(axis=1) - 1) / (2 * counts.sum(axis=1))
    return min(float((choice_entropy(counts) + bias).mean()), math.log(NUM_PAIRS))
