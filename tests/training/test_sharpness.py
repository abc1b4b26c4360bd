"""A student that is too soft or too sharp to learn is said so; one in between is not."""

import pytest

from alignet_ray.training.sharpness import Sharpness


@pytest.mark.parametrize(
    ("entropy", "word"), [(1.095, "too soft"), (0.001, "saturated"), (0.6, None)]
)
def test_extreme_entropies_are_warned_of(entropy: float, word: str | None) -> None:
    sharpness = Sharpness(student_temperature=100.0, student_entropy=entropy, teacher_entropy=0.6)
    warning = sharpness.warning()
    assert (warning is None) if word is None else (warning is not None and word in warning)


def test_a_teacher_that_is_too_soft_is_named_and_not_the_student():
    sharpness = Sharpness(student_temperature=1.0, student_entropy=1.095, teacher_entropy=1.095)
    assert "Lower --loss.teacher-temperature" in sharpness.warning()
