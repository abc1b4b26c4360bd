"""What the loss sees: half precision stays inside, the head is a seed's, statistics stay."""

from typing import Any

import numpy as np
import pytest
import torch

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.functional.distillation import gram_matrices
from alignet_ray.models.backbones import Backbone, load_backbone
from alignet_ray.training.network import Network, make_head

SIDE = 32


@pytest.fixture
def backbone() -> Backbone:
    pixels = PreprocessingConfig(resolution=SIDE)
    return load_backbone(
        BackboneConfig(name="test_efficientnet", random_init=True, preprocessing=pixels)
    )


@pytest.fixture
def pixels() -> torch.Tensor:
    random = np.random.default_rng(0)
    return torch.from_numpy(random.integers(0, 256, (4, SIDE, SIDE, 3), dtype=np.uint8))


def test_without_anything_it_is_the_backbone_to_the_bit(backbone, pixels) -> None:
    assert torch.equal(Network(backbone)(pixels), backbone(pixels))


def test_half_precision_comes_out_as_float32_and_near(backbone, pixels) -> None:
    head = make_head(backbone.resolved.dim, 16, 0)
    whole, half = Network(backbone, head)(pixels), Network(backbone, head, is_half=True)(pixels)
    assert half.dtype == torch.float32
    assert not torch.equal(half, whole)
    torch.testing.assert_close(half, whole, rtol=0.05, atol=0.02 * whole.abs().max().item())
    assert torch.equal(half, half.bfloat16().float())
    assert gram_matrices(half[None]).dtype == torch.float32


def test_a_learned_temperature_divides_similarities_and_has_their_gradient(
    backbone, pixels
) -> None:
    plain, learning = Network(backbone), Network(backbone, learns_temperature=True)
    assert torch.equal(learning(pixels), plain(pixels))
    assert learning.log_ratio is not None
    with torch.no_grad():
        learning.log_ratio.fill_(np.log(3.0))
    expected = gram_matrices(plain(pixels)[None]) / 3
    found = gram_matrices(learning(pixels)[None])
    torch.testing.assert_close(found, expected)
    assert learning.temperature(10.0) == pytest.approx(30.0)
    assert plain.temperature(10.0) == 10.0
    found.sum().backward()
    assert learning.log_ratio.grad is not None
    assert learning.log_ratio.grad.item() == pytest.approx(-expected.sum().item(), rel=1e-4)


def test_a_head_is_the_same_for_a_seed_and_keeps_lengths() -> None:
    torch.manual_seed(1)
    first = make_head(256, 512, 7)
    torch.manual_seed(2)
    assert torch.equal(first.weight, make_head(256, 512, 7).weight)
    assert not torch.equal(first.weight, make_head(256, 512, 8).weight)
    assert not first.bias.any()
    vectors = torch.randn(50, 256, generator=torch.Generator().manual_seed(0))
    ratios = first(vectors).norm(dim=1).square() / vectors.norm(dim=1).square()
    assert ratios.mean().item() == pytest.approx(512 / 256, rel=0.05)


@pytest.mark.parametrize("trains", [False, True])
def test_statistics_move_only_where_they_train_and_only_in_training(
    backbone, pixels, trains
) -> None:
    network = Network(backbone, trains_batch_norm=trains)

    def moved(mode: bool) -> bool:
        before = {n: b.clone() for n, b in network.named_buffers()}
        network.train(mode)(pixels)
        return any(not torch.equal(before[n], b) for n, b in network.named_buffers())

    assert moved(True) == trains
    assert not moved(False)


def test_dropout_is_off_in_training(backbone) -> None:
    network = Network(backbone, trains_batch_norm=True).train()
    awake: list[Any] = [m for m in network.modules() if m.training]
    assert awake
    assert all("BatchNorm" in type(m).__name__ for m in awake)
