"""Figures of a triplet against a slow, literal version of each."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.teacher_agreement import FIGURES, triplet_figures

SIMILARITIES = st.lists(st.floats(-30, 30, width=32), min_size=3, max_size=3)


def softmax(values, temperature):
    weights = [math.exp((v - max(values)) / temperature) for v in values]
    return [w / sum(weights) for w in weights]


def literal(student, teacher, own_temperature, wanted_temperature):
    own, wanted = softmax(student, own_temperature), softmax(teacher, wanted_temperature)
    choices = [p for p in range(3) if student[p] == max(student)]
    choice = choices[0] if len(choices) == 1 else None
    return {
        "kl": sum(w * math.log(w / o) for o, w in zip(own, wanted, strict=True) if w > 0),
        "accuracy": float(choice == teacher.index(max(teacher))),
        "expected_agreement": 0.0 if choice is None else wanted[choice],
        "expected_ceiling": max(wanted),
        "student_entropy": -sum(p * math.log(p) for p in own if p > 0),
        "teacher_entropy": -sum(p * math.log(p) for p in wanted if p > 0),
    }


@given(st.lists(st.tuples(SIMILARITIES, SIMILARITIES), min_size=1, max_size=5))
def test_each_figure_is_its_literal_definition(pairs):
    student, teacher = (torch.tensor([pair[i] for pair in pairs]) for i in range(2))
    found = triplet_figures(student, teacher, student_temperature=2.0, teacher_temperature=1.5)
    assert found.dtype == torch.float64
    for row, (own, wanted) in zip(found.tolist(), pairs, strict=True):
        expected = literal(own, wanted, 2.0, 1.5)
        for name, value in zip(FIGURES, row, strict=True):
            assert value == pytest.approx(expected[name], abs=1e-9), name


def test_a_collapsed_student_agrees_with_nothing():
    (row,) = triplet_figures(
        torch.zeros(1, 3), torch.tensor([[5.0, 3.0, 1.0]]),
        student_temperature=100.0, teacher_temperature=1.0,
    ).tolist()  # fmt: skip
    found = dict(zip(FIGURES, row, strict=True))
    assert found["kl"] == pytest.approx(0.65755, abs=1e-5)  # method: section 7
    assert found["accuracy"] == found["expected_agreement"] == 0
    assert found["student_entropy"] == pytest.approx(math.log(3))
