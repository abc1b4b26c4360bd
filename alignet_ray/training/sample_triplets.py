"""A few validation triplets that the student is asked about before and after training.

Rank 0 alone asks, and always the same triplets, so that neither the number of workers nor an
interruption changes what the report shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int

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

Probabilities = Float64[np.ndarray, "triplets 3"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One group and the places of the triplets that are asked about in it."""

    kind: Kind
    group: Group
    places: Int[np.ndarray, "triplets 3"]


@dataclass(frozen=True, kw_only=True)
class SampleTriplets:
    """The triplets, and where their runs lie; empty without a validation split."""

    asked: tuple[Asked, ...]
    runs: tuple[str, ...]


def sample_triplets(plan: TrainPlan, seed: int) -> SampleTriplets:
    """Read about a hundred triplets of the first validation groups of all runs."""
    runs = tuple(source.root for source in plan.sources.sources)
    if plan.validation is None:
        return SampleTriplets(asked=(), runs=runs)
    found = list(first_groups(plan.validation, _MAX_IMAGES, World()))
    stream, each = RandomStream(seed, "sample_triplets"), -(-_TRIPLETS // max(1, len(found)))
    return SampleTriplets(asked=tuple(_asked(own, stream, each) for own in found), runs=runs)


def _asked(labelled: Labelled, stream: RandomStream, count: int) -> Asked:
    kind, group = labelled
    drawn = draw_triplets(stream, kind.strategy, kind.blocks, count)
    return Asked(kind=kind, group=group, places=np.unique(drawn, axis=0))


def student_probabilities(
    sample: SampleTriplets, learner: Learner, decoder: Decoder, temperature: float
) -> Probabilities:
    """The student's pair probabilities of every triplet."""
    pieces = [_ask(own, learner, decoder, temperature) for own in sample.asked]
    return np.concatenate([np.empty((0, 3)), *pieces])


@torch.no_grad()
def _ask(asked: Asked, learner: Learner, decoder: Decoder, temperature: float) -> Probabilities:
    device = str(learner.backbone.mean.device)
    batch = decoder.batch([(asked.kind, asked.group)])
    (vectors,) = represent_parts(learner.backbone, batch, device)
    return _probabilities(gram_matrices(vectors)[0], asked, temperature)


def _probabilities(gram: torch.Tensor, asked: Asked, temperature: float) -> Probabilities:
    places = torch.from_numpy(asked.places).to(gram.device)
    similarities = gram_pair_similarities(gram.double(), places)
    return pair_log_probabilities(similarities, temperature).exp().cpu().numpy()


def student_facts(
    sample: SampleTriplets, before: Probabilities, after: Probabilities
) -> StudentFacts:
    """What the report shows: the triplets on which the student changed its mind the most."""
    teacher = np.concatenate([np.empty((0, 3)), *_teacher_probabilities(sample)])
    changed = changed_choices(teacher, before, after)
    away = changed.away[: _SHOWN_IN_ALL - _SHOWN_TOWARDS]
    rows = [*changed.towards[: _SHOWN_IN_ALL - len(away)].tolist(), *away.tolist()]
    owners = [(own, places) for own in sample.asked for places in own.places.tolist()]
    return StudentFacts(
        runs=sample.runs,
        looked_at=len(teacher),
        towards=len(changed.towards),
        away=len(changed.away),
        triplets=tuple(_shown(*owners[row], teacher[row], before[row], after[row]) for row in rows),
    )


def _teacher_probabilities(sample: SampleTriplets) -> Iterator[Probabilities]:
    for own in sample.asked:
        gram = torch.from_numpy(own.group.similarities)
        yield _probabilities(gram, own, own.kind.teacher_temperature)


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
