"""A step's loss is the mean over listed triplets; decay to initialisation is its own gradient."""

import numpy as np
import pytest
import torch
from torch import nn

from alignet_ray.functional.groups import triplet_positions
from alignet_ray.functional.losses import triplet_loss
from alignet_ray.functional.odd_one_out import PAIR_ORDER
from alignet_ray.training.data import Part
from alignet_ray.training.sources import Kind
from alignet_ray.training.step import batch_totals
from alignet_ray.training.update import add_decay_to_init

BLOCKS = (2, 2, 2)


def _part(rng: np.random.Generator, num_groups: int) -> Part:
    size = sum(BLOCKS)
    kind = Kind(strategy="cluster_border", blocks=BLOCKS, teacher_temperature=2.0)
    pixels = rng.integers(0, 255, (num_groups, size, 2, 2, 3), dtype=np.uint8)
    gram = rng.normal(size=(num_groups, size, size)).astype(np.float32)
    return Part(kind=kind, pixels=pixels, similarities=gram + gram.swapaxes(1, 2))


def _literal_mean(part: Part, vectors: torch.Tensor, temperature: float) -> float:
    losses = []
    for group, teacher in enumerate(torch.from_numpy(part.similarities)):
        for triplet in triplet_positions(part.kind.strategy, part.kind.blocks).tolist():
            pairs = [(triplet[i], triplet[j]) for i, j in PAIR_ORDER]
            student = torch.stack([vectors[group, i] @ vectors[group, j] for i, j in pairs])
            wanted = torch.stack([teacher[i, j] for i, j in pairs])
            losses.append(
                triplet_loss(
                    wanted,
                    student,
                    teacher_temperature=part.kind.teacher_temperature,
                    student_temperature=temperature,
                ).item()
            )
    return float(np.mean(losses))


def test_totals_are_those_of_listed_triplets() -> None:
    part = _part(np.random.default_rng(0), num_groups=2)
    totals = batch_totals(lambda images: images.flatten(1).double() / 50, (part,), 3.0, "cpu")
    vectors = torch.from_numpy(part.pixels).flatten(2).double() / 50
    assert totals.count == 2 * len(triplet_positions("cluster_border", BLOCKS))
    assert totals.loss.item() / totals.count == pytest.approx(
        _literal_mean(part, vectors, 3.0), rel=1e-5
    )


def test_decay_adds_twice_the_factor_times_the_way_gone() -> None:
    parameter, start = nn.Parameter(torch.tensor([3.0, -1.0])), torch.tensor([1.0, -1.0])
    parameter.grad = torch.tensor([0.5, 0.5])
    distance = add_decay_to_init([parameter], [start], 0.25)
    assert distance.item() == 4.0
    assert parameter.grad.tolist() == [0.5 + 2 * 0.25 * 2.0, 0.5]
