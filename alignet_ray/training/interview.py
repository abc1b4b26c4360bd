"""A few validation triplets that the student is asked about before training and after it.

Rank 0 alone asks, and always the same triplets, so that neither the number of workers nor an
interruption changes what the report shows.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int
from torch import Tensor

from alignet_ray.functional.changed_choices import changed_choices
from alignet_ray.functional.distillation import gram_matrices
from alignet_ray.functional.groups import gram_pair_similarities
from alignet_ray.functional.odd_one_out import pair_log_probabilities
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.functional.triplet_draws import draw_triplets
from alignet_ray.pages.pictures import MEDIUM, picture
from alignet_ray.records.shards import Group
from alignet_ray.training.data import Decoder
from alignet_ray.training.learner import Learner
from alignet_ray.training.plan import TrainPlan
from alignet_ray.training.report.record import ShownTriplet, StudentFacts, Three
from alignet_ray.training.sources import Kind, Labelled
from alignet_ray.training.step import represent_parts
from alignet_ray.training.validation import first_groups
from alignet_ray.training.world import World

_MAX_IMAGES = 288
_TRIPLETS = 96
_SHOWN_TOWARDS, _SHOWN_IN_ALL = 6, 8

Pairs = Float64[np.ndarray, "triplets 3"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One group and the places of the triplets that are asked about in it."""

    kind: Kind
    group: Group
    places: Int[np.ndarray, "triplets 3"]


class Interview:
    """Asks the student when it is made, which is before training, and again for the facts.

    About a hundred triplets of the first validation groups of all runs; none without a validation
    split.
    """

    def __init__(self, plan: TrainPlan, learner: Learner, decoder: Decoder, seed: int) -> None:
        self._runs = tuple(source.root for source in plan.sources.sources)
        self._learner, self._decoder = learner, decoder
        self._asked = tuple(own for own in _triplets(plan, seed) if _is_whole(own, plan, decoder))
        self._before = self._similarities()

    def _similarities(self) -> Pairs:
        return _stacked(_ask(own, self._learner, self._decoder) for own in self._asked)

    def facts(self, student_temperature: float) -> StudentFacts:
        """The triplets on which the student changed its mind the most since it was first asked."""
        teacher = _stacked(_teacher_probabilities(own) for own in self._asked)
        before = _probabilities(self._before, student_temperature)
        after = _probabilities(self._similarities(), student_temperature)
        changed = changed_choices(teacher, before, after)
        away = changed.away[: _SHOWN_IN_ALL - _SHOWN_TOWARDS]
        rows = [*changed.towards[: _SHOWN_IN_ALL - len(away)].tolist(), *away.tolist()]
        owners = [(own, places) for own in self._asked for places in own.places.tolist()]
        return StudentFacts(
            runs=self._runs,
            looked_at=len(teacher),
            towards=len(changed.towards),
            away=len(changed.away),
            triplets=tuple(
                _shown(*owners[row], teacher[row], before[row], after[row]) for row in rows
            ),
        )


def _triplets(plan: TrainPlan, seed: int) -> tuple[Asked, ...]:
    if plan.validation is None:
        return ()
    found = list(first_groups(plan.validation, _MAX_IMAGES, World()))
    stream, each = RandomStream(seed, "interview"), -(-_TRIPLETS // max(1, len(found)))
    return tuple(_asked(own, stream, each) for own in found)


def _is_whole(asked: Asked, plan: TrainPlan, decoder: Decoder) -> bool:
    """Whether the images decode; raises RecordError where broken ones are not tolerated."""
    skip = plan.validation.skip if plan.validation else None
    return bool(decoder.batch([(asked.kind, asked.group)], skip))


def _asked(labelled: Labelled, stream: RandomStream, count: int) -> Asked:
    kind, group = labelled
    drawn = draw_triplets(stream, kind.strategy, kind.blocks, count)
    return Asked(kind=kind, group=group, places=np.unique(drawn, axis=0))


def _stacked(pieces: Iterable[Pairs]) -> Pairs:
    return np.concatenate([np.empty((0, 3)), *pieces])


@torch.no_grad()
def _ask(asked: Asked, learner: Learner, decoder: Decoder) -> Pairs:
    """The student's pair similarities."""
    device = str(learner.backbone.mean.device)
    batch = decoder.batch([(asked.kind, asked.group)])
    (vectors,) = represent_parts(learner.network, batch, device)
    return _pairs(gram_matrices(vectors)[0].double().cpu(), asked)


def _teacher_probabilities(asked: Asked) -> Pairs:
    gram = torch.from_numpy(asked.group.similarities.astype(np.float64))
    return _probabilities(_pairs(gram, asked), asked.kind.teacher_temperature)


def _pairs(gram: Float64[Tensor, "images images"], asked: Asked) -> Pairs:
    return gram_pair_similarities(gram, torch.from_numpy(asked.places)).numpy()


def _probabilities(similarities: Pairs, temperature: float) -> Pairs:
    return pair_log_probabilities(torch.from_numpy(similarities), temperature).exp().numpy()


def _shown(asked: Asked, places: list[int], *probabilities: np.ndarray) -> ShownTriplet:
    group = asked.group
    first, second, third = (
        picture(group.images[place], group.keys[place], group.labels[place], MEDIUM)
        for place in places
    )
    teacher, before, after = (_three(own) for own in probabilities)
    return ShownTriplet(
        strategy=asked.kind.strategy,
        pictures=(first, second, third),
        teacher=teacher,
        before=before,
        after=after,
    )


def _three(values: np.ndarray) -> Three:
    first, second, third = (round(float(value), 4) for value in values)
    return first, second, third
