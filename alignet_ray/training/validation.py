"""Measuring the student on groups that it does not train on: KL and agreement with the teacher.

Runs may have drawn their triplets by different strategies, and one strategy's triplets are harder
than another's, so every figure is given by strategy as well as over all triplets.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from alignet_ray.functional.distillation import gram_matrices
from alignet_ray.functional.groups import gram_pair_similarities
from alignet_ray.functional.teacher_agreement import FIGURES, triplet_figures
from alignet_ray.records.digests import Json
from alignet_ray.training.data import Batch, Decoder, Part, ahead
from alignet_ray.training.learner import Learner
from alignet_ray.training.plan import TrainPlan
from alignet_ray.training.sources import Labelled, Sources
from alignet_ray.training.step import positions, represent_parts
from alignet_ray.training.world import World

WITHOUT_HEAD = ("accuracy", "expected_agreement")
"""Figures of the representations without the head: those that depend on no temperature."""

_IMAGES_PER_PASS = 192
_DEFAULT_TIMES = 10


def is_validation_due(steps_done: int, num_steps: int, every_steps: int | None) -> bool:
    """Whether to validate after so many steps: at even distances, and after the last."""
    distance = every_steps or max(1, num_steps // _DEFAULT_TIMES)
    return steps_done == num_steps or steps_done % distance == 0


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
    """Means over validation triplets, in all and `by_strategy`; None without a validation split.

    `triplets` counts them, and the other names are those of `FIGURES`. Where the student trains
    through a head, `without_head` has the means of those that know no temperature, from the
    representations that the exported model gives.
    """
    if plan.validation is None:
        return None
    strategies = strategies_of(plan.validation)
    has_head = learner.network.head is not None
    columns = len(FIGURES) + 1 + has_head * len(WITHOUT_HEAD)
    sums = torch.zeros(len(strategies), columns, dtype=torch.float64, device=world.device)
    groups = first_groups(plan.validation, max_images, world)
    chunks = _chunks(groups, plan.validation.images_per_group)
    batches = (decoder.batch(chunk, plan.validation.skip) for chunk in chunks)
    with ahead(batches) as ready:
        for batch in ready:
            for strategy, row in _batch_sums(learner, batch, student_temperature, world.device):
                sums[strategies.index(strategy)] += row
    sums = world.sum(sums)
    means = means_by_strategy(strategies, sums[:, sums.shape[1] - len(FIGURES) - 1 :])
    if means is None or not has_head:
        return means
    totals = (sums[:, : len(WITHOUT_HEAD)].sum(0) / means["triplets"]).tolist()
    return {**means, "without_head": dict(zip(WITHOUT_HEAD, totals, strict=True))}


def strategies_of(sources: Sources) -> tuple[str, ...]:
    """The sources' strategies, each once, in order of first appearance."""
    return tuple(dict.fromkeys(source.kind.strategy for source in sources.sources))


def means_by_strategy(
    strategies: Sequence[str], sums: Float64[Tensor, "strategies figures_and_count"]
) -> Json | None:
    """Means from sums of figures and, last, counts; None where nothing was counted."""
    if not sums[:, -1].sum():
        return None
    counted = {
        name: row for name, row in zip(strategies, sums, strict=True) if row[-1]
    }  # fmt: skip
    by_strategy = {name: _means(row) for name, row in counted.items()}
    return {**_means(sums.sum(0)), "by_strategy": by_strategy}


def _means(row: Float64[Tensor, "figures_and_count"]) -> Json:
    *totals, num_triplets = row.tolist()
    means = {name: total / num_triplets for name, total in zip(FIGURES, totals, strict=True)}
    return {**means, "triplets": int(num_triplets)}


def _batch_sums(
    learner: Learner, batch: Batch, student_temperature: float, device: str
) -> Iterator[tuple[str, Float64[Tensor, "figures_and_count"]]]:
    """Sums for each part: `WITHOUT_HEAD` where there is one, `FIGURES`, and the count."""
    network = learner.network
    represent = network if network.head is None else network.trunk
    vectors = represent_parts(represent, batch, device) if batch else []
    for part, representations in zip(batch, vectors, strict=True):
        seen = representations if network.head is None else network.behind_trunk(representations)
        figures = part_figures(seen, part, student_temperature, device).flatten(0, 1)
        sums = [figures.sum(0), figures.new_tensor([len(figures)])]
        if network.head is not None:
            own = part_figures(representations.float(), part, student_temperature, device)
            sums.insert(0, own[..., [FIGURES.index(name) for name in WITHOUT_HEAD]].sum((0, 1)))
        yield part.kind.strategy, torch.cat(sums)


def part_figures(
    vectors: Float[Tensor, "groups images dim"],
    part: Part,
    student_temperature: float,
    device: str,
) -> Float64[Tensor, "groups triplets figures"]:
    """The figures of every triplet of a part, from the student's representations."""
    triplets = positions(part.kind, device)
    teacher = torch.from_numpy(part.similarities).to(device)
    return triplet_figures(
        gram_pair_similarities(gram_matrices(vectors), triplets),
        gram_pair_similarities(teacher, triplets),
        student_temperature=student_temperature,
        teacher_temperature=part.kind.teacher_temperature,
    )


def first_groups(sources: Sources, max_images: int, world: World) -> Iterator[Labelled]:
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
