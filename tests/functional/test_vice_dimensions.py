"""Benjamini-Hochberg against its literal recipe, and which dimensions live."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.vice_dimensions import live_dimensions, rejections


def literal_rejections(p_values, fdr):
    """Find the largest i with p_(i) <= i / n * fdr; reject the i smallest."""
    order = np.argsort(p_values, kind="stable")
    count = 0
    for i, row in enumerate(order, 1):
        if p_values[row] <= i / len(p_values) * fdr:
            count = i
    return {int(row) for row in order[:count]}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.sampled_from([0.05, 0.2, 0.5]))
def test_rejections_are_the_literal_ones(p_values, fdr):
    column = torch.tensor(p_values, dtype=torch.float64)
    found = rejections(torch.stack([column, column.flip(0)], dim=1), fdr)
    expected = literal_rejections(np.array(p_values), fdr)
    assert set(found[:, 0].nonzero().flatten().tolist()) == expected
    mirrored = {len(p_values) - 1 - row for row in expected}
    assert {p_values[::-1][row] for row in found[:, 1].nonzero().flatten().tolist()} == {
        p_values[::-1][row] for row in mirrored
    }


def test_dimensions_live_with_enough_objects_and_come_widest_first():
    mean = torch.zeros(20, 4)
    mean[:6, 0] = 1.0  # six objects: lives
    mean[:5, 1] = 9.0  # five: not more than five
    mean[:, 2] = -3.0  # below zero: dead however large
    mean[:7, 3] = 2.0  # the widest one that lives
    scale = torch.full((20, 4), 0.1)
    assert live_dimensions(mean, scale, fdr=0.05, min_objects=5).tolist() == [3, 0]


def test_wide_posteriors_are_dead():
    mean = torch.ones(20, 1)
    assert live_dimensions(mean, torch.full((20, 1), 5.0), fdr=0.05, min_objects=5).tolist() == []
