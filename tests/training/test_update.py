"""Decay to initialisation, clip and Adam against a literal reference, number by number."""

import math

import pytest
import torch
from torch import nn

from alignet_ray.training.update import (
    UpdateRule,
    add_decay_to_init,
    apply_update,
    make_optimizer,
    pull_to_init,
)

START, TARGET, RATE, FACTOR = 1.0, -2.0, 0.1, 0.3


def _literal(decay: str, num_steps: int) -> list[float]:
    """Adam on (theta - TARGET)^2 with decay to START, as its paper writes it."""
    theta, first, second, course = START, 0.0, 0.0, []
    for step in range(1, num_steps + 1):
        gradient, offset = 2 * (theta - TARGET), theta - START
        if decay == "coupled":
            gradient += 2 * FACTOR * offset
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        move = (first / (1 - 0.9**step)) / (math.sqrt(second / (1 - 0.999**step)) + 1e-8)
        if decay == "decoupled":
            move += FACTOR * offset
        theta -= RATE * move
        course.append(theta)
    return course


@pytest.mark.parametrize("decay", ["coupled", "decoupled"])
def test_decay_to_initialisation_is_its_formula(decay) -> None:
    parameter = nn.Parameter(torch.tensor([START], dtype=torch.float64))
    optimizer = make_optimizer([parameter])
    optimizer.param_groups[0]["lr"] = RATE
    rule = UpdateRule(weight_decay_to_init=FACTOR, decay=decay)
    course, distances = [], []
    for _ in range(30):
        optimizer.zero_grad()
        (parameter - TARGET).square().sum().backward()
        distances.append(apply_update(optimizer, [torch.tensor([START])], rule)[1].item())
        course.append(parameter.item())
    assert course == pytest.approx(_literal(decay, 30), abs=1e-12)
    assert distances == pytest.approx([(x - START) ** 2 for x in [START, *course[:-1]]])


def test_coupled_decay_adds_twice_the_factor_times_the_way_gone() -> None:
    parameter, start = nn.Parameter(torch.tensor([3.0, -1.0])), torch.tensor([1.0, -1.0])
    parameter.grad = torch.tensor([0.5, 0.5])
    distance = add_decay_to_init([parameter], [start], 0.25)
    assert distance.item() == 4.0
    assert parameter.grad.tolist() == [0.5 + 2 * 0.25 * 2.0, 0.5]


def test_a_pull_goes_a_part_of_the_way_back() -> None:
    parameter, start = nn.Parameter(torch.tensor([3.0, -1.0])), torch.tensor([1.0, -1.0])
    assert pull_to_init([parameter], [start], 0.25).item() == 4.0
    assert parameter.tolist() == [2.5, -1.0]


@pytest.mark.parametrize(("clip", "seen"), [(None, 5.0), (10.0, 5.0), (0.5, 0.5)])
def test_adam_sees_a_gradient_no_longer_than_the_clip(clip, seen) -> None:
    parameter = nn.Parameter(torch.zeros(2))
    optimizer = make_optimizer([parameter])
    parameter.grad = torch.tensor([3.0, 4.0])
    rule = UpdateRule(weight_decay_to_init=0.0, gradient_clip=clip)
    norm, _ = apply_update(optimizer, [torch.zeros(2)], rule)
    assert norm.item() == 5.0
    moment = optimizer.state[parameter]["exp_avg"] / 0.1
    assert moment.norm().item() == pytest.approx(seen, rel=1e-4)
