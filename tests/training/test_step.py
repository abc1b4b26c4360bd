"""A step's loss is the mean over listed triplets, however many passes it is made in."""

import numpy as np
import pytest
import torch

from alignet_ray.config.distillation import LossConfig
from alignet_ray.functional.groups import triplet_positions
from alignet_ray.functional.losses import triplet_loss
from alignet_ray.functional.odd_one_out import PAIR_ORDER
from alignet_ray.training.data import Part
from alignet_ray.training.learner import Learner, make_learner
from alignet_ray.training.sources import Kind
from alignet_ray.training.step import batch_totals, training_step
from alignet_ray.training.world import World

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


def _learner(make_config, **changes) -> Learner:
    learner = make_learner(make_config(**changes), World(), torch.float64)
    learner.optimizer.param_groups[0]["lr"] = 1e-3
    return learner


def _step_part(seed: int, blocks: tuple[int, ...], num_groups: int) -> Part:
    rng = np.random.default_rng(seed)
    size = sum(blocks)
    vectors = rng.normal(size=(num_groups, size, 3))
    return Part(
        kind=Kind(strategy="cluster_border", blocks=blocks, teacher_temperature=1.0),
        pixels=rng.integers(0, 256, (num_groups, size, 32, 32, 3), dtype=np.uint8),
        similarities=(vectors @ vectors.swapaxes(1, 2)).astype(np.float32),
    )


@pytest.mark.parametrize("max_images", [1, 7])
def test_micro_batches_make_the_update_of_the_whole(make_config, max_images: int) -> None:
    batch = (_step_part(0, (2, 2), 3), _step_part(1, (2, 1), 2))
    loss = LossConfig(head="linear", head_dim=8, divergence="jsd")
    whole = _learner(make_config, loss=loss)
    pieces = _learner(make_config, loss=loss, micro_batch_images=max_images)
    expected = vars(training_step(whole, batch, World(), student_temperature=2.0))
    found = vars(training_step(pieces, batch, World(), student_temperature=2.0))
    assert found == pytest.approx(expected, rel=1e-9)
    for name, tensor in whole.state().items():
        torch.testing.assert_close(pieces.state()[name], tensor, rtol=1e-9, atol=1e-12)


def test_a_step_without_a_triplet_changes_nothing(make_config) -> None:
    learner = _learner(make_config)
    training_step(learner, (_step_part(0, (2, 1), 1),), World(), student_temperature=2.0)
    before = learner.state()
    figures = training_step(learner, (), World(), student_temperature=2.0)
    assert set(vars(figures).values()) == {0}
    after = learner.state()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


@pytest.mark.parametrize("divergence", ["kl", "jsd"])
def test_the_loss_under_half_precision_is_near_that_of_float32(make_config, divergence) -> None:
    batch = (_step_part(0, (2, 2), 3),)
    figures = []
    for precision in ("float32", "bfloat16"):
        config = make_config(precision=precision, loss=LossConfig(divergence=divergence))
        learner = make_learner(config, World())
        figures.append(training_step(learner, batch, World(), student_temperature=2.0))
        assert {p.dtype for p in learner.network.parameters()} == {torch.float32}
    assert figures[0].loss != figures[1].loss
    assert figures[1].loss == pytest.approx(figures[0].loss, rel=0.02)
    assert figures[1].gradient_norm == pytest.approx(figures[0].gradient_norm, rel=0.1)
