"""Rank 1 of a gloo group of two, stepping through given batches: `step_rank.py RENDEZVOUS JOB`."""

import pickle
import sys
from pathlib import Path

import torch
import torch.distributed

from alignet_ray.training.learner import make_learner
from alignet_ray.training.step import training_step
from alignet_ray.training.world import World


def main(rendezvous: str, job: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{rendezvous}", rank=1, world_size=2
    )
    world = World(rank=1, size=2)
    for config, batches in pickle.loads(Path(job).read_bytes()):
        learner = make_learner(config, world, torch.float64)
        for group in learner.optimizer.param_groups:
            group["lr"] = config.learning_rate
        for batch in batches:
            training_step(learner, batch, world, student_temperature=2.0)
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
