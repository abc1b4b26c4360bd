"""A generator repeats for its name and is another for every other one."""

import torch

from alignet_ray.functional.torch_streams import keyed_generator


def test_numbers_repeat_for_a_name_and_differ_between_names() -> None:
    def draw(seed: int, *name: str | int) -> torch.Tensor:
        return torch.rand(8, generator=keyed_generator(seed, *name))

    assert torch.equal(draw(0, "head", 3), draw(0, "head", 3))
    others = [draw(1, "head", 3), draw(0, "head", 4), draw(0, "vice", 3)]
    assert not any(torch.equal(draw(0, "head", 3), other) for other in others)
