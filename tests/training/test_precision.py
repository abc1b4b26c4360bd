"""`auto` becomes what it is on the device, so that the record of a student says it."""

import pytest

from alignet_ray.training.precision import with_precision


@pytest.mark.parametrize(
    ("asked", "device", "found"),
    [
        ("auto", "cpu", "float32"),
        ("auto", "cuda:1", "bfloat16"),
        ("float32", "cuda", "float32"),
        ("bfloat16", "cpu", "bfloat16"),
    ],
)
def test_precision_is_resolved_by_the_device(make_config, asked, device, found) -> None:
    config = with_precision(make_config(precision=asked), device)
    assert config.precision == config.settings()["precision"] == found
