"""A backbone's record that needs no weights."""

import pytest

from alignet_ray.config.backbone import Preprocessing, ResolvedBackbone


@pytest.fixture(scope="session")
def resolved():
    """Makes the record of a backbone with weights of the given digest."""
    return _resolved


def _resolved(sha256="0" * 64):
    pixels = Preprocessing(
        resolution=32, resize="squash", crop_fraction=1.0, interpolation="bicubic",
        mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5),
    )  # fmt: skip
    return ResolvedBackbone(
        name="resnet18", model_args=(), representation="pre_logits", preprocessing=pixels,
        dim=2, weights_sha256=sha256, checkpoint="/nowhere.safetensors",
    )  # fmt: skip
