"""Measuring the student on groups that it does not train on: KL and agreement with the teacher."""

from collections.abc import Iterator
from itertools import islice

import torch

from alignet_ray.records.digests import Json
from alignet_ray.training.data import Decoder, ahead
from alignet_ray.training.learner import Learner
from alignet_ray.training.plan import TrainPlan
from alignet_ray.training.sources import Labelled, Sources
from alignet_ray.training.step import batch_totals
from alignet_ray.training.world import World

_IMAGES_PER_PASS = 192


@torch.no_grad()
def validate(
    plan: TrainPlan,
    learner: Learner,
    decoder: Decoder,
    world: World,
    *,
    student_temperature: float,
    max_images: int,
) -> Json | None:
    """KL and agreement with the teacher on validation groups; None without a validation split."""
    if plan.validation is None:
        return None
    sums = torch.zeros(3, dtype=torch.float64, device=world.device)
    groups = _share(plan.validation, world, max_images)
    batches = (decoder.batch(chunk) for chunk in _chunks(groups, plan.validation.images_per_group))
    with ahead(batches) as ready:
        for batch in ready:
            totals = batch_totals(learner.network, batch, student_temperature, world.device)
            sums += totals.stacked()
    loss, agreeing, count = world.sum(sums).tolist()
    return {"kl": loss / count, "accuracy": agreeing / count, "triplets": int(count)}


def _share(sources: Sources, world: World, max_images: int) -> Iterator[Labelled]:
    """The rank's part of the first groups of each run, about `max_images` in all."""
    index = 0
    for source in sources.sources:
        budget = max(1, max_images // len(sources.sources) // source.kind.num_images)
        for entry in source.manifest.shards:
            used = min(budget, entry.samples)
            budget -= used
            first, last = used * world.rank // world.size, used * (world.rank + 1) // world.size
            if first < last:
                yield from sources.groups(index, first, last)
            index += 1


def _chunks(groups: Iterator[Labelled], images_per_group: int) -> Iterator[list[Labelled]]:
    per_pass = max(1, _IMAGES_PER_PASS // images_per_group)
    while chunk := list(islice(groups, per_pass)):
        yield chunk
