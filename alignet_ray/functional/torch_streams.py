"""Torch's random numbers of one purpose: generators keyed by a seed and a name."""

import torch

from alignet_ray.functional.random_streams import RandomStream


def keyed_generator(seed: int, *name: str | int) -> torch.Generator:
    """A generator of its own for each name, so that an epoch or a sample can be had again alone."""
    word = RandomStream(seed, *name).words(1)[0]
    return torch.Generator().manual_seed(int(word >> 1))
