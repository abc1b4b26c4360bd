"""Golden values of the method, a slow literal reference, and the edges of float32."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.losses import (
    DIVERGENCES,
    js_divergence,
    kl_divergence,
    triplet_loss,
)

TEACHER = [5.0, 3.0, 1.0]
GOLDEN = [
    ([0.0, 0.0, 0.0], 0.65755, 0.17713),
    ([100.0, 50.0, 20.0], 0.35099, 0.09910),
    ([500.0, 300.0, 100.0], 0.0, 0.0),
]
LOGITS = st.lists(st.floats(-30, 30), min_size=3, max_size=3)


def loss(teacher, student, divergence=kl_divergence, *, t=1.0, s=1.0, dtype=torch.float64):
    return triplet_loss(
        torch.tensor(teacher, dtype=dtype),
        torch.tensor(student, dtype=dtype),
        teacher_temperature=t,
        student_temperature=s,
        divergence=divergence,
    )


def softmax(logits):
    exponentials = [math.exp(logit - max(logits)) for logit in logits]
    return [e / math.fsum(exponentials) for e in exponentials]


def literal_kl(p, q):
    return math.fsum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def literal_jsd(p, q):
    mixture = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    return (literal_kl(p, mixture) + literal_kl(q, mixture)) / 2


@pytest.mark.parametrize(("student", "kl", "jsd"), GOLDEN)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_golden_values_of_the_method(student, kl, jsd, dtype):
    assert loss(TEACHER, student, s=100.0, dtype=dtype).item() == pytest.approx(kl, abs=1e-5)
    value = loss(TEACHER, student, js_divergence, s=100.0, dtype=dtype).item()
    assert value == pytest.approx(jsd, abs=1e-5)


@given(LOGITS, LOGITS, st.floats(0.5, 50), st.floats(0.5, 200))
def test_kl_is_its_formula(teacher, student, t, s):
    p, q = softmax([x / t for x in teacher]), softmax([x / s for x in student])
    assert loss(teacher, student, t=t, s=s).item() == pytest.approx(literal_kl(p, q), abs=1e-10)


@given(LOGITS, LOGITS, st.floats(0.5, 50), st.floats(0.5, 200))
def test_jsd_is_its_formula(teacher, student, t, s):
    p, q = softmax([x / t for x in teacher]), softmax([x / s for x in student])
    value = loss(teacher, student, js_divergence, t=t, s=s).item()
    assert value == pytest.approx(literal_jsd(p, q), abs=1e-10)


@pytest.mark.parametrize("divergence", DIVERGENCES.values(), ids=DIVERGENCES)
@given(LOGITS, LOGITS)
def test_a_divergence_is_never_negative_and_zero_between_equals(divergence, teacher, student):
    assert loss(teacher, student, divergence).item() >= -1e-12
    assert loss(teacher, teacher, divergence).item() == pytest.approx(0, abs=1e-12)


@given(LOGITS, LOGITS)
def test_jsd_is_symmetric_and_at_most_log_two(left, right):
    value = loss(left, right, js_divergence).item()
    assert value == pytest.approx(loss(right, left, js_divergence).item(), abs=1e-12)
    assert value <= math.log(2) + 1e-12


@pytest.mark.parametrize("divergence", DIVERGENCES.values(), ids=DIVERGENCES)
@pytest.mark.parametrize("student", [[3e4, -3e4, 0.0], [0.0, 0.0, 0.0], [-1e6, 1e6, 1e6]])
@pytest.mark.parametrize("teacher", [[1e5, -1e5, 0.0], [-2e4, 3e4, 3e4]])
def test_extreme_similarities_give_neither_nan_nor_infinity(divergence, teacher, student):
    given_student = torch.tensor(student, requires_grad=True)
    value = triplet_loss(
        torch.tensor(teacher),
        given_student,
        teacher_temperature=1.0,
        student_temperature=1.0,
        divergence=divergence,
    )
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(given_student.grad).all()


def test_there_is_one_value_per_triplet():
    similarities = torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(0))
    values = triplet_loss(
        similarities, similarities.flip(-1), teacher_temperature=1.0, student_temperature=2.0
    )
    assert values.shape == (4, 5)
    alone = loss(similarities[2, 3].tolist(), similarities[2, 3].flip(-1).tolist(), s=2.0)
    assert values[2, 3].item() == pytest.approx(alone.item(), rel=1e-5)


def test_the_gradient_of_kl_is_student_less_teacher_over_temperature():
    student = torch.tensor([1.0, 2.0, -1.0], dtype=torch.float64, requires_grad=True)
    triplet_loss(
        torch.tensor(TEACHER, dtype=torch.float64),
        student,
        teacher_temperature=1.0,
        student_temperature=4.0,
    ).backward()
    p, q = softmax(TEACHER), softmax([x / 4 for x in student.tolist()])
    assert student.grad.tolist() == pytest.approx([(b - a) / 4 for a, b in zip(p, q, strict=True)])
