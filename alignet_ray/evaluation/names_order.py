"""Whether numbered responses count the names in another order than the names file's.

That raises no error by itself: figures are at chance, or half a point low where a few rows differ.
Images are found by name and numbers are not, so models can tell: people's choices are given to the
images in the file's order and in each other usual one (`functional/row_order.py`), and refused
where all models together fit another order clearly better. An order that is none of the usual ones
cannot be found this way: where no model is better than guessing, their figures have a remark.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.evaluation.representations import Representations, Source
from alignet_ray.evaluation.rows import rounded
from alignet_ray.evaluation.workbench import Unusable
from alignet_ray.functional.agreement import count_choices
from alignet_ray.functional.bootstrap import Interval
from alignet_ray.functional.odd_one_out import as_similarity_space
from alignet_ray.functional.row_order import (
    CLEARLY,
    clearly_better,
    gains_of_choices,
    gains_of_objects,
    moved_rows,
    other_orders,
    z_score,
)
from alignet_ray.records.digests import Json
from alignet_ray.records.human import HumanChoices
from alignet_ray.stages.tasks import map_tasks

CHANCE = 1 / 3
_SIMILARITY = "centred_cosine"
_MOST_TRIPLETS = 20_000
"""Evenly spaced, of those that an order changes: as many as any decision needs."""

Triplets = Int[np.ndarray, "triplets 3"]
Rows = Int[np.ndarray, "names"]
"""The image that each number of the responses would show, -1 where it is not there."""


class OtherOrder(Unusable):
    """The names are clearly not in the order that the responses count."""


class Question(NamedTuple):
    """What every model is asked: unique triplets as the responses number them, people's counts,
    and the images that the numbers show in the file's order and in others.
    """

    triplets: Triplets
    counts: Triplets
    given: Rows
    others: tuple[Rows, ...]


def refuse_other_order(
    responses: HumanChoices, represented: Representations, config: EvaluateConfig
) -> dict[str, float]:
    """Raise OtherOrder where the models clearly fit people's choices better in another order.

    Returns z of each other usual order; nothing where the order means nothing or is not checked.
    """
    orders = other_orders(responses.names)
    if not config.check_order or not responses.is_numbered or not orders:
        return {}
    rows = np.array(represented.rows_of(responses.names), dtype=np.int64)
    question = Question(
        *count_choices(responses.triplets, responses.odd_position),
        given=rows,
        # Number n means the name that stands at n in the other order.
        others=tuple(rows[np.argsort(order)] for order in orders.values()),
    )
    sources = [own.source for own in represented.models]
    found = dict(map_tasks(evidence_of_model, range(len(sources)), sources, question))
    scores: dict[str, float] = {}
    for number, (title, other) in enumerate(zip(orders, question.others, strict=True)):
        gains = np.sum([found[place][number] for place in sorted(found)], axis=0)
        triplets = question.triplets[triplets_asked(question, other)]
        scores[title] = z_score(gains_of_objects(gains, triplets, question.given != other))
    better = clearly_better(scores)
    if better:
        fits = " or ".join(f"{title} (z = {scores[title]:.1f})" for title in better)
        raise OtherOrder(
            f"the numbers of the responses seem to count another order, which the images fit "
            f"better: {fits}; of the first {moved_rows(responses.names, orders[better[0]])}",
            "names in the order that the responses were numbered by",
            f"{config.responses}, numbered by {config.names}",
            f"Give --names with {' or '.join(better)}, whichever the numbers count, or say "
            "--no-check-order if the order is meant.",
        )  # fmt: skip
    return scores


def evidence_of_model(
    place: int, sources: Sequence[Source], question: Question
) -> list[Float[np.ndarray, "triplets"]]:
    """For each other order the gain of each triplet that it changes; the same triplets for all
    models.
    """
    space = as_similarity_space(sources[place].read(), _SIMILARITY)
    evidence: list[Float[np.ndarray, "triplets"]] = []
    for other in question.others:
        chosen = triplets_asked(question, other)
        triplets, counts = question.triplets[chosen], question.counts[chosen]
        evidence.append(gains_of_choices(space[question.given], space[other], triplets, counts))
    return evidence


def triplets_asked(question: Question, other: Rows) -> Int[np.ndarray, "chosen"]:
    """The triplets that another order changes, evenly thinned where they are very many."""
    changed = np.flatnonzero(_is_changed(question.triplets, question.given, other))
    return changed[:: max(1, -(-len(changed) // _MOST_TRIPLETS))]


def order_said(
    responses: HumanChoices, config: EvaluateConfig, scores: Mapping[str, float]
) -> Json:
    """What is known of the order, for the results."""
    if not responses.is_numbered:
        return {"is": "of no account: responses name their objects"}
    if not config.check_order:
        return {"is": "not checked"}
    z_of_others = {title: rounded(z) for title, z in scores.items()}
    return {"is": f"refused where the images fit another with z > {CLEARLY:g}", "z": z_of_others}


def remarks_on(intervals: Sequence[Interval]) -> list[str | None]:
    """What to think of models' accuracies where guessing lies in every interval.

    Where one model is better than guessing, the names are right, and others may well guess.
    """
    if not all(interval.low <= CHANCE <= interval.high for interval in intervals):
        return [None] * len(intervals)
    said = "no better than guessing: do the names belong to the responses and to the images?"
    return [said] * len(intervals)


def _is_changed(triplets: Triplets, given: Rows, other: Rows) -> Bool[np.ndarray, "triplets"]:
    """Triplets all of whose images are there in both orders, and not the same."""
    is_known = np.logical_and(given >= 0, other >= 0)
    is_there = np.logical_and.reduce(is_known[triplets], axis=1)
    return is_there & np.logical_or.reduce((given != other)[triplets], axis=1)
