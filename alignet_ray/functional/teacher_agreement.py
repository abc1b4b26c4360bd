"""How a student's triplets compare with the teacher's: one row of figures for each triplet.

Averaging over triplets and workers is done elsewhere, as (sum, count).
"""

import torch
from jaxtyping import Float
from torch import Tensor

from alignet_ray.functional.losses import kl_divergence
from alignet_ray.functional.odd_one_out import entropy, pair_log_probabilities

FIGURES = (
    "kl",
    "accuracy",
    "expected_agreement",
    "expected_ceiling",
    "student_entropy",
    "teacher_entropy",
)
"""Columns of `triplet_figures`, by name."""


def triplet_figures(
    student_similarities: Float[Tensor, "*batch 3"],
    teacher_similarities: Float[Tensor, "*batch 3"],
    *,
    student_temperature: float,
    teacher_temperature: float,
) -> Float[Tensor, "*batch 6"]:
    """The `FIGURES` of each triplet, in float64.

    `kl` is KL(teacher || student) and the entropies are Shannon's, in nats. `accuracy` is 1 where
    the student leaves out the image that the teacher leaves out. `expected_agreement` is the
    teacher's probability of the student's choice, `expected_ceiling` that of the teacher's own,
    which no student exceeds. A student's tie agrees with nothing.
    """
    student, teacher = student_similarities.double(), teacher_similarities.double()
    own = pair_log_probabilities(student, student_temperature)
    wanted = pair_log_probabilities(teacher, teacher_temperature)
    probabilities = wanted.exp()
    choice = student.argmax(-1, keepdim=True)
    is_clear = (student == student.amax(-1, keepdim=True)).sum(-1) == 1
    return torch.stack(
        [
            kl_divergence(wanted, own),
            (is_clear & (choice.squeeze(-1) == teacher.argmax(-1))).double(),
            is_clear * probabilities.gather(-1, choice).squeeze(-1),
            probabilities.amax(-1),
            entropy(own),
            entropy(wanted),
        ],
        dim=-1,
    )
