"""A head comes back as it was, and a student without one has none."""

import pytest
import torch

from alignet_ray.errors import RecordError
from alignet_ray.records.student_head import HEAD_NAME, read_head, write_head


def test_a_head_comes_back_as_it_was(root) -> None:
    assert read_head(root) is None
    weights = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.ones(2)}
    write_head(root, weights)
    found = read_head(root)
    assert found is not None
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in weights.items())


@pytest.mark.parametrize("data", [b"", b"\xff" * 40, b"PK\3\4", (1 << 62).to_bytes(8, "little")])
def test_a_head_that_is_none_is_a_record_error(root, data) -> None:
    root.write(HEAD_NAME, data)
    with pytest.raises(RecordError, match=r"head.safetensors: unreadable .*; expected whole"):
        read_head(root)
