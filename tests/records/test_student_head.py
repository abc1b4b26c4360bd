"""A head comes back as it was, and a student without one has none."""

import torch

from alignet_ray.records.student_head import read_head, write_head


def test_a_head_comes_back_as_it_was(root) -> None:
    assert read_head(root) is None
    weights = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.ones(2)}
    write_head(root, weights)
    found = read_head(root)
    assert found is not None
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in weights.items())
