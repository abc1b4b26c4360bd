"""Rank 1 of a gloo group of two, in a process of its own: `rank.py RENDEZVOUS JOB`."""

import pickle
import sys
from pathlib import Path

import torch
import torch.distributed

from alignet_ray.training.loop import train_student
from alignet_ray.training.plan import make_plan
from alignet_ray.training.world import World


class Silent:
    def begin(self, step: int) -> None:
        pass

    def advance(self, steps: int, text: str = "") -> None:
        pass

    def say(self, line: str) -> None:
        pass

    def is_stopping(self) -> bool:
        return False


def main(rendezvous: str, job: str) -> None:
    torch.set_num_threads(1)
    config = pickle.loads(Path(job).read_bytes())
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{rendezvous}", rank=1, world_size=2
    )
    world = World(rank=1, size=2)
    train_student(config, make_plan(config), world, Silent(), precision=torch.float64)
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
