"""How good the teacher is on objects that it has never seen: each fold once, then all together.

For fold k the settings and the number of steps are chosen by the cells of the other folds alone;
with them a map is fitted on the objects outside k, and measured on triplets inside k. What remains
of k in that choice is that the other folds' cells were fitted on objects of k too.

Responses that were kept for measuring enter here and in the final figures, after every choice:
cells are never given them. Means for centring are those of the objects that a map was fitted on.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int

from alignet_ray.config.transform_fit import Candidate
from alignet_ray.functional.agreement import expected_accuracy
from alignet_ray.functional.object_folds import is_within
from alignet_ray.functional.odd_one_out import as_similarity_space, pair_similarities
from alignet_ray.functional.transform_losses import cross_entropy
from alignet_ray.records.digests import Json
from alignet_ray.teaching.affine_task import Material, fit_for
from alignet_ray.teaching.human_accuracy import (
    SIMILARITIES,
    STATES,
    HumanCounts,
    Vectors,
    human_accuracy,
    num_met,
)
from alignet_ray.teaching.judgements import Judged


class UnseenFold(NamedTuple):
    """A fold, and what the others chose."""

    fold: int
    candidate: Candidate
    num_steps: int

    def identity(self, material: Json, human: HumanCounts | None) -> Json:
        """What its figures depend on."""
        return {
            "material": material,
            "candidate": self.candidate._asdict(),
            "num_steps": self.num_steps,
            "fold": self.fold,
            "responses": human.digest if human else None,
        }


def measure_fold(unseen: UnseenFold, material: Material, human: HumanCounts | None) -> Json:
    """Means over the triplets inside the fold; per response triplet how many are met."""
    inside = material.folds == unseen.fold
    transform = fit_for(~inside, str(unseen.fold), unseen.candidate, unseen.num_steps, material)
    spaces = {"before": material.vectors, "after": transform.apply(material.vectors)}
    judged = material.validation(unseen.fold)
    responses = human.rows(is_within(human.triplets, inside)) if human else None
    accuracy: Json = {}
    met: Json = {}
    for similarity in SIMILARITIES:
        seen_from = {
            state: as_similarity_space(vectors, similarity, vectors[~inside].mean(axis=0))
            for state, vectors in spaces.items()
        }
        accuracy[similarity] = {
            state: _expected(space, judged) for state, space in seen_from.items()
        } | {"oracle": float(judged.probabilities.max(axis=1).mean())}
        if responses:
            met[similarity] = {s: num_met(space, responses) for s, space in seen_from.items()}
    found: Json = {
        "num_triplets": len(judged.triplets),
        "expected_accuracy": accuracy,
        "cross_entropy": _cross_entropies(spaces, judged),
    }
    if responses:
        found["responses"] = {"counts": responses.counts.tolist(), "num_correct": met}
    return found


def _expected(space: Vectors, judged: Judged) -> float:
    similarities = pair_similarities(space, judged.triplets)
    return float(expected_accuracy(similarities, judged.probabilities).mean())


def _cross_entropies(spaces: Mapping[str, Vectors], judged: Judged) -> Json:
    """Of dot products at temperature 1, in nats; the oracle's is the entropy of people."""
    probabilities = torch.from_numpy(judged.probabilities.astype(np.float64))
    dots = {name: pair_similarities(own, judged.triplets) for name, own in spaces.items()}
    logs = {name: torch.from_numpy(own) for name, own in dots.items()}
    logs["oracle"] = probabilities.clamp_min(torch.finfo(torch.float64).tiny).log()
    return {name: float(cross_entropy(own, probabilities).mean()) for name, own in logs.items()}


def pooled(folds: Sequence[Json], chosen: Sequence[UnseenFold], human: HumanCounts | None) -> Json:
    """All folds together: means over all their triplets, intervals over all their responses."""
    weights = np.array([fold["num_triplets"] for fold in folds], dtype=np.float64)
    metrics: Json = {
        "num_folds": len(folds),
        "num_triplets": int(weights.sum()),
        "centred_on": "the objects that each map was fitted on",
        "choices": [{"fold": c.fold, "num_steps": c.num_steps, **c.candidate._asdict()}
                    for c in chosen],
    }  # fmt: skip
    parts = [{key: fold[key] for key in ("expected_accuracy", "cross_entropy")} for fold in folds]
    metrics |= _weighted_mean(parts, weights)
    if human is not None:
        counts = [row for fold in folds for row in fold["responses"]["counts"]]
        if counts:
            metrics["human"] = _pooled_human(folds, np.array(counts, dtype=np.int64), human)
    return metrics


def _weighted_mean(parts: Sequence[Json], weights: Float[np.ndarray, "parts"]) -> Json:
    """The mean of each number of some records of one shape."""
    first = parts[0]
    return {
        key: _weighted_mean([part[key] for part in parts], weights)
        if isinstance(first[key], Mapping)
        else float(np.average([part[key] for part in parts], weights=weights))
        for key in first
    }


def _pooled_human(
    folds: Sequence[Json], counts: Int[np.ndarray, "triplets 3"], human: HumanCounts
) -> Json:
    correct = {
        similarity: {
            state: np.concatenate(
                [fold["responses"]["num_correct"][similarity][state] for fold in folds]
            )
            for state in STATES
        }
        for similarity in SIMILARITIES
    }
    return human_accuracy(correct, counts, human)
