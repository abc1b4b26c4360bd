"""Two ranks make the steps of one, in float64: by halves, in micro-batches, with nothing."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed

from alignet_ray.config.distillation import LossConfig
from alignet_ray.config.train import TrainConfig
from alignet_ray.training.data import Batch, Part
from alignet_ray.training.learner import Learner, make_learner
from alignet_ray.training.sources import Kind
from alignet_ray.training.step import training_step
from alignet_ray.training.world import World

RANK_SCRIPT = Path(__file__).with_name("step_rank.py")
NUM_STEPS = 3
RELEASED = LossConfig(
    divergence="jsd", head="linear", head_dim=12, learn_temperature=True, decay="decoupled",
    weight_decay_to_init=1.0,
)  # fmt: skip


def _part(random: np.random.Generator, num_groups: int, blocks: tuple[int, ...]) -> Part:
    size = sum(blocks)
    vectors = random.normal(size=(num_groups, size, 3))
    return Part(
        kind=Kind(strategy="cluster_border", blocks=blocks, teacher_temperature=1.0),
        pixels=random.integers(0, 256, (num_groups, size, 32, 32, 3), dtype=np.uint8),
        similarities=(vectors @ vectors.swapaxes(1, 2)).astype(np.float32),
    )


def _shares(seed: int, groups: tuple[int, int]) -> list[Batch]:
    """What each of two ranks has of one step: unequal shares of two kinds of groups, or nothing."""
    random = np.random.default_rng(seed)
    return [
        (_part(random, count, (2, 2)), _part(random, count + 1, (2, 1))) if count else ()
        for count in groups
    ]


def _trace(learner: Learner, batches: list[Batch], world: World) -> list[dict[str, Any]]:
    for group in learner.optimizer.param_groups:
        group["lr"] = 1e-3
    return [
        vars(training_step(learner, batch, world, student_temperature=2.0)) for batch in batches
    ]


@pytest.fixture
def cases(make_config: Any) -> list[tuple[TrainConfig, TrainConfig, tuple[int, int]]]:
    """Settings of two ranks, of the one that they are compared with, and groups of each rank."""
    plain, released = make_config("plain"), make_config("released", loss=RELEASED)
    in_pieces = make_config("pieces", loss=RELEASED, micro_batch_images=5)
    return [(plain, plain, (2, 2)), (in_pieces, released, (3, 2)), (in_pieces, released, (3, 0))]


@pytest.mark.slow
def test_two_ranks_equal_one_step_by_step(cases: Any, tmp_path: Path) -> None:
    steps = [[_shares(seed, groups) for seed in range(NUM_STEPS)] for *_, groups in cases]
    job, rendezvous = tmp_path / "job.pickle", tmp_path / "rendezvous"
    of_rank_1 = [
        (config, [shares[1] for shares in step])
        for (config, _, _), step in zip(cases, steps, strict=True)
    ]
    job.write_bytes(pickle.dumps(of_rank_1))
    with subprocess.Popen([sys.executable, str(RANK_SCRIPT), str(rendezvous), str(job)]) as other:
        try:
            torch.distributed.init_process_group(
                "gloo", init_method=f"file://{rendezvous}", rank=0, world_size=2
            )
            world = World(rank=0, size=2)
            together = []
            for (config, _, _), step in zip(cases, steps, strict=True):
                learner = make_learner(config, world, torch.float64)
                batches = [shares[0] for shares in step]
                together.append((_trace(learner, batches, world), learner.state()))
            torch.distributed.destroy_process_group()
            assert other.wait(timeout=60) == 0
        finally:
            other.kill()
    for (_, config, _), step, (trace, state) in zip(cases, steps, together, strict=True):
        learner = make_learner(config, World(), torch.float64)
        alone = _trace(learner, [first + second for first, second in step], World())
        assert [*map(pytest.approx, alone)] == trace
        assert alone[0]["loss"] != alone[-1]["loss"]
        for name, tensor in learner.state().items():
            torch.testing.assert_close(state[name], tensor, rtol=1e-9, atol=1e-12)
