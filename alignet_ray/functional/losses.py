"""Distillation losses: one value per triplet; the mean is taken elsewhere, as (sum, count).

KL and Jensen-Shannon divergence between the teacher's and the student's distributions over a
triplet's three pairs, computed in log space.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from alignet_ray.functional.odd_one_out import pair_log_probabilities

Divergence = Callable[
    [Float[Tensor, "*batch 3"], Float[Tensor, "*batch 3"]], Float[Tensor, "*batch"]
]


def kl_divergence(
    teacher_log_probabilities: Float[Tensor, "*batch 3"],
    student_log_probabilities: Float[Tensor, "*batch 3"],
) -> Float[Tensor, "*batch"]:
    """KL(teacher || student) in nats, one value per triplet."""
    teacher = teacher_log_probabilities.exp()
    difference = teacher_log_probabilities - student_log_probabilities
    return torch.where(teacher > 0, teacher * difference, 0.0).sum(-1)


def js_divergence(
    teacher_log_probabilities: Float[Tensor, "*batch 3"],
    student_log_probabilities: Float[Tensor, "*batch 3"],
) -> Float[Tensor, "*batch"]:
    """Jensen-Shannon divergence in nats: mean KL of both to their equal mixture."""
    stacked = torch.stack([teacher_log_probabilities, student_log_probabilities])
    mixture = torch.logsumexp(stacked, dim=0) - math.log(2)
    return 0.5 * (
        kl_divergence(teacher_log_probabilities, mixture)
        + kl_divergence(student_log_probabilities, mixture)
    )


DIVERGENCES: dict[str, Divergence] = {"kl": kl_divergence, "jsd": js_divergence}


def triplet_loss(
    teacher_similarities: Float[Tensor, "*batch 3"],
    student_similarities: Float[Tensor, "*batch 3"],
    *,
    teacher_temperature: float,
    student_temperature: float,
    divergence: Divergence = kl_divergence,
) -> Float[Tensor, "*batch"]:
    """Divergence between softmax(teacher / t') and softmax(student / t), one value per triplet."""
    return divergence(
        pair_log_probabilities(teacher_similarities, teacher_temperature),
        pair_log_probabilities(student_similarities, student_temperature),
    )
