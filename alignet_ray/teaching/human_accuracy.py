"""Accuracy on people's responses, before and after the map, with intervals over unique triplets."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from alignet_ray.functional.agreement import (
    LEAST_REPEATED,
    is_repeated,
    leave_one_out_majority,
    majority_share,
    num_correct,
)
from alignet_ray.functional.bootstrap import mean_intervals
from alignet_ray.functional.odd_one_out import as_similarity_space, pair_similarities
from alignet_ray.records.digests import Json, digest, sha256

SIMILARITIES = ("dot", "centred_cosine")
STATES = ("before", "after")

Vectors = Float[np.ndarray, "objects dim"]


@dataclass(frozen=True, kw_only=True)
class HumanCounts:
    """Responses to unique triplets of embedded objects."""

    triplets: Int[np.ndarray, "triplets 3"]
    counts: Int[np.ndarray, "triplets 3"]
    num_resamples: int
    seed: int

    def rows(self, is_chosen: Bool[np.ndarray, "triplets"]) -> "HumanCounts":
        """Some of the triplets."""
        return HumanCounts(
            triplets=self.triplets[is_chosen], counts=self.counts[is_chosen],
            num_resamples=self.num_resamples, seed=self.seed,
        )  # fmt: skip

    @property
    def digest(self) -> str:
        """Digest of their content."""
        return digest([sha256(np.ascontiguousarray(a).data) for a in (self.triplets, self.counts)])


def num_met(space: Vectors, human: HumanCounts) -> list[float]:
    """Responses to each unique triplet that the most similar pair agrees with."""
    return num_correct(pair_similarities(space, human.triplets), human.counts).tolist()


def human_accuracy(
    correct: Mapping[str, Mapping[str, Float[np.ndarray, "triplets"]]],
    counts: Int[np.ndarray, "triplets 3"],
    human: HumanCounts,
) -> Json:
    """Accuracy on responses before and after and the paired difference, with intervals.

    `correct` is how many responses of each unique triplet are met, by similarity and state.
    """
    weights = counts.sum(axis=1).astype(np.float64)
    report: Json = {
        "num_responses": int(weights.sum()),
        "num_triplets": len(weights),
    }
    repeated = counts[is_repeated(counts)]  # one answer alone agrees with itself, and nobody else
    report["num_repeated_triplets"] = len(repeated)
    if len(repeated) >= LEAST_REPEATED:
        report["majority_share"] = float(majority_share(repeated).mean())
        report["leave_one_out_majority"] = float(leave_one_out_majority(repeated).mean())
    for similarity, states in correct.items():
        before, after = (states[state] for state in STATES)
        intervals = mean_intervals(
            np.column_stack([before, after, after - before]), weights,
            num_resamples=human.num_resamples, seed=human.seed,
        )  # fmt: skip
        names = (*STATES, "difference")
        report[similarity] = {
            name: interval._asdict() for name, interval in zip(names, intervals, strict=True)
        }
    return report


def unseen_responses(before: Vectors, after: Vectors, human: HumanCounts) -> Json:
    """Accuracy on responses that no fit has seen; centred on all embedded objects."""
    spaces = dict(zip(STATES, (before, after), strict=True))
    correct = {
        similarity: {
            state: np.array(num_met(as_similarity_space(own, similarity), human))
            for state, own in spaces.items()
        }
        for similarity in SIMILARITIES
    }
    return human_accuracy(correct, human.counts, human)
