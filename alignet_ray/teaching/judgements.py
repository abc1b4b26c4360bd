"""What people judged, as rows of the embedded objects: given triplets, or any number of drawn ones.

A triplet belongs to a set of objects only if all its three objects do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

from alignet_ray.config.vice import ViceConfig
from alignet_ray.errors import InputError
from alignet_ray.functional.object_folds import is_within, random_triplets
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.functional.vice_posterior import pair_probabilities
from alignet_ray.records.digests import Json, digest, sha256
from alignet_ray.records.human_embedding import HumanEmbedding

_LEAST_OBJECTS = 3


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Triplets as rows of the embedded objects, with human pair probabilities."""

    triplets: Int[np.ndarray, "triplets 3"]
    probabilities: Float[np.ndarray, "triplets 3"]


@runtime_checkable
class HumanPairs(Protocol):
    """Triplets that people judged one by one: choices (one-hot) or probabilities."""

    @property
    def probabilities(self) -> Float[np.ndarray, "triplets 3"]: ...

    def rows_among(
        self, object_ids: Sequence[str]
    ) -> tuple[Int[np.ndarray, "kept 3"], Bool[np.ndarray, "triplets"]]: ...


@dataclass(frozen=True, kw_only=True)
class GivenJudgements:
    """Every triplet that was judged; all of those among some objects are taken."""

    judged: Judged
    num_dropped: int

    def among(self, objects: Bool[np.ndarray, "objects"], _count: int, _name: str) -> Judged:
        """The triplets inside a set of objects."""
        chosen = is_within(self.judged.triplets, objects)
        return Judged(
            triplets=self.judged.triplets[chosen], probabilities=self.judged.probabilities[chosen]
        )

    @property
    def counts(self) -> Json:
        """What a person is told of them."""
        return {
            "triplets": len(self.judged.triplets),
            "dropped_without_image": self.num_dropped,
        }

    @property
    def digest(self) -> str:
        """Digest of their content."""
        return _digest(self.judged.triplets, self.judged.probabilities)


@dataclass(frozen=True, kw_only=True)
class DrawnJudgements:
    """A human embedding, from which triplets of embedded objects are drawn and judged.

    `rows` are the embedded objects that it knows; `mean` and `scale` have one row for each.
    """

    rows: Int[np.ndarray, "known"]
    mean: Float[np.ndarray, "known dim"]
    scale: Float[np.ndarray, "known dim"] | None
    num_unknown: int
    num_samples: int
    seed: int

    def among(self, objects: Bool[np.ndarray, "objects"], count: int, name: str) -> Judged:
        """`count` triplets inside a set of objects, by a stream of that name; none of too few."""
        known = np.flatnonzero(objects[self.rows])
        if len(known) < _LEAST_OBJECTS:
            return Judged(triplets=np.empty((0, 3), np.int64), probabilities=np.empty((0, 3)))
        triplets = random_triplets(known, count, RandomStream(self.seed, "teacher_triplets", name))
        probabilities = pair_probabilities(
            self.mean, self.scale, triplets, num_samples=self.num_samples, seed=self.seed
        )
        return Judged(triplets=self.rows[triplets], probabilities=probabilities)

    @property
    def counts(self) -> Json:
        """What a person is told of them."""
        return {"objects_without_human_vector": self.num_unknown} if self.num_unknown else {}

    @property
    def digest(self) -> str:
        """Digest of their content."""
        arrays = [self.rows, self.mean, *([] if self.scale is None else [self.scale])]
        return digest([_digest(*arrays), self.num_samples if self.scale is not None else None])


Judgements = GivenJudgements | DrawnJudgements


def judgements_of(
    source: HumanPairs | HumanEmbedding,
    object_ids: Sequence[str],
    *,
    seed: int,
    place: str,
    num_samples: int = ViceConfig.num_samples,
) -> Judgements:
    """A human source as rows of the embedded objects.

    Raises InputError, naming the place, where it says nothing of any three of them.
    """
    if not isinstance(source, HumanEmbedding):
        return _given(source, object_ids, place)
    row_of = {name: row for row, name in enumerate(source.names)}
    rows = np.array([row for row, own in enumerate(object_ids) if own in row_of], dtype=np.int64)
    if len(rows) < _LEAST_OBJECTS:
        raise InputError(f"{len(rows)} of the embedded objects", "at least 3 of them", place)
    theirs = [row_of[own] for own in object_ids if own in row_of]
    return DrawnJudgements(
        rows=rows,
        mean=source.vectors[theirs],
        scale=None if source.scale is None else source.scale[theirs],
        num_unknown=len(object_ids) - len(rows),
        num_samples=num_samples,
        seed=seed,
    )


def _given(source: HumanPairs, object_ids: Sequence[str], place: str) -> GivenJudgements:
    triplets, kept = source.rows_among(object_ids)
    if not len(triplets):
        raise InputError(
            "no triplet of embedded objects", "some", place, "Check that ids and images agree."
        )
    judged = Judged(triplets=triplets, probabilities=source.probabilities[kept])
    return GivenJudgements(judged=judged, num_dropped=int((~kept).sum()))


def likeliest(
    probabilities: Float[np.ndarray, "triplets 3"],
) -> Float[np.ndarray, "triplets 3"]:
    """Hard targets: all weight on the likeliest pair, shared evenly where several tie.

    Choices are one-hot already and stay as they are.
    """
    is_likeliest = probabilities == probabilities.max(axis=1, keepdims=True)
    return is_likeliest / is_likeliest.sum(axis=1, keepdims=True)


def _digest(*arrays: np.ndarray) -> str:
    parts = [(str(a.dtype), list(a.shape), sha256(np.ascontiguousarray(a).data)) for a in arrays]
    return digest(parts)
