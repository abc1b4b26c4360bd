"""Two models side by side: what one task finds out about a pair of them.

Raw similarities of two models differ by orders of magnitude, so each model's probabilities are at
the temperature at which its mean entropy is people's, corrected for few responses
(`functional.agreement.mean_entropy_of_people`): none is surer than the other on the whole.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int

from alignet_ray.evaluation.representations import Source, Vectors
from alignet_ray.functional.bootstrap import Interval, mean_intervals
from alignet_ray.functional.comparison import (
    PairDisagreements,
    pair_disagreements,
    triplet_disagreements,
)
from alignet_ray.functional.odd_one_out import as_similarity_space, pair_log_probabilities
from alignet_ray.functional.temperature import matching_temperature
from alignet_ray.functional.triplet_scores import (
    score_triplets,
    similarity_chunks,
    value_of_choice,
)
from alignet_ray.functional.varied import varied

_MOST_MATCHED = 20_000
"""Triplets, evenly spaced, over which the mean entropy is matched."""
_CANDIDATES = 20
"""So many times what is shown is looked at, so that one image does not fill the list."""

Triplets = Int[np.ndarray, "triplets 3"]
Probabilities = Float[np.ndarray, "triplets 3"]


class Question(NamedTuple):
    """What is asked of every pair of models: triplets with people's counts (zeros where nobody was
    asked), the rows of the images whose pairs are gone through, and how much is shown.
    """

    triplets: Triplets
    counts: Triplets
    rows: Int[np.ndarray, "rows"]
    similarity: str
    mean_entropy: float
    num_shown: int
    num_resamples: int
    seed: int


class ShownTriplets(NamedTuple):
    """Triplets with the largest divergences: their rows, and both models' probabilities."""

    places: Int[np.ndarray, "shown"]
    divergences: Float[np.ndarray, "shown"]
    first: Probabilities
    second: Probabilities


class Answer(NamedTuple):
    """What two models disagree on, or why they cannot be compared.

    `different` is the share of triplets with another choice; `sides` people's agreement with the
    first and the second there and the difference, None where nobody was asked.
    """

    undefined: str | None
    different: Interval | None = None
    sides: tuple[Interval, Interval, Interval] | None = None
    num_responses: int = 0
    triplets: ShownTriplets | None = None
    more: PairDisagreements | None = None
    less: PairDisagreements | None = None


def compare(pair: tuple[int, int], sources: Sequence[Source], question: Question) -> Answer:
    """The second model of a pair against the first, which is its base. Reads those two alone."""
    spaces = [as_similarity_space(sources[place].read(), question.similarity) for place in pair]
    try:
        shown = _shown_triplets(spaces, question)
        more, less = _shown_pairs(spaces, question)
    except ValueError as error:  # similarities that are all equal have no sharpness
        return Answer(undefined=str(error))
    different, sides, num_responses = _sides(spaces, question)
    return Answer(
        undefined=None,
        different=different,
        sides=sides,
        num_responses=num_responses,
        triplets=shown,
        more=more,
        less=less,
    )


def probabilities(
    space: Vectors, triplets: Triplets, mean_entropy: float
) -> Float[np.ndarray, "triplets 3"]:
    """Pair probabilities at the temperature that gives the mean entropy in nats.

    Raises ValueError where none does.
    """
    similarities = np.concatenate(list(similarity_chunks(space, triplets)))
    step = -(-len(similarities) // _MOST_MATCHED)
    temperature = matching_temperature(similarities[::step], mean_entropy)
    return pair_log_probabilities(torch.from_numpy(similarities), temperature).exp().numpy()


def _shown_triplets(spaces: Sequence[Vectors], question: Question) -> ShownTriplets:
    first, second = (
        probabilities(space, question.triplets, question.mean_entropy) for space in spaces
    )
    found = triplet_disagreements(first, second, question.num_shown * _CANDIDATES)
    kept = varied(question.triplets[found.items], question.num_shown)
    places = found.items[kept]
    return ShownTriplets(places, found.values[kept], first[places], second[places])


def _shown_pairs(
    spaces: Sequence[Vectors], question: Question
) -> tuple[PairDisagreements, PairDisagreements]:
    """Half of what is shown in each direction, as rows of all images."""
    old, new = (space[question.rows] for space in spaces)
    count = -(-question.num_shown // 2)
    found = pair_disagreements(old, new, count * _CANDIDATES)
    more, less = (
        PairDisagreements(question.rows[own.pairs[kept]], own.differences[kept])
        for own, kept in ((own, varied(own.pairs, count)) for own in found)
    )
    return more, less


def _sides(
    spaces: Sequence[Vectors], question: Question
) -> tuple[Interval, tuple[Interval, Interval, Interval] | None, int]:
    """How often the two choose differently, and whom people side with where they do."""
    choices = [score_triplets(space, question.triplets, ()).choice for space in spaces]
    is_different = choices[0] != choices[1]
    how = {"num_resamples": question.num_resamples, "seed": question.seed}
    share = mean_intervals(
        is_different[:, None].astype(np.float64), np.ones(len(is_different)), **how
    )[0]
    counts = question.counts[is_different].astype(np.float64)
    num_responses = int(counts.sum())
    if not num_responses:
        return share, None, 0
    agreed = [value_of_choice(own[is_different], counts) for own in choices]
    columns = np.column_stack([*agreed, agreed[1] - agreed[0]])
    first, second, change = mean_intervals(columns, counts.sum(axis=1), **how)
    return share, (first, second, change), num_responses
