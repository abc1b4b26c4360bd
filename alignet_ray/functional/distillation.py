"""The student's loss on whole groups: every triplet of a group from one Gram matrix.

G forward passes give the losses of all the triplets that the group's strategy names. One loss
per triplet; averaging over triplets and workers is done elsewhere, as (sum, count).
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from alignet_ray.functional.groups import gram_pair_similarities
from alignet_ray.functional.losses import Divergence, kl_divergence, triplet_loss


def gram_matrices(
    representations: Float[Tensor, "groups images dim"],
) -> Float[Tensor, "groups images images"]:
    """Dot products of each group's images in float32 at least, outside autocast.

    In bfloat16 dot products near 1,000 step by 4 to 8.
    """
    with torch.autocast(representations.device.type, enabled=False):
        vectors = representations.to(torch.promote_types(representations.dtype, torch.float32))
        return vectors @ vectors.mT


def gram_loss(
    student: Float[Tensor, "groups images images"],
    teacher: Float[Tensor, "groups images images"],
    triplets: Int[Tensor, "triplets 3"],
    *,
    student_temperature: float,
    teacher_temperature: float,
    divergence: Divergence = kl_divergence,
) -> Float[Tensor, "groups triplets"]:
    """Divergence of each triplet's student distribution from the teacher's (method: section 5).

    `student` and `teacher` are Gram matrices of the same images, `triplets` the positions of one
    group's triplets; both softmaxes are taken in the student's precision.
    """
    return triplet_loss(
        gram_pair_similarities(teacher.to(student.dtype), triplets),
        gram_pair_similarities(student, triplets),
        teacher_temperature=teacher_temperature,
        student_temperature=student_temperature,
        divergence=divergence,
    )


def agrees_with_teacher(
    student: Float[Tensor, "groups images images"],
    teacher: Float[Tensor, "groups images images"],
    triplets: Int[Tensor, "triplets 3"],
) -> Bool[Tensor, "groups triplets"]:
    """Whether the student leaves out the image that the teacher leaves out; its ties are wrong."""
    chosen = gram_pair_similarities(teacher, triplets).argmax(-1, keepdim=True)
    similarities = gram_pair_similarities(student, triplets)
    others = similarities.scatter(-1, chosen, -torch.inf).amax(-1)
    return similarities.gather(-1, chosen).squeeze(-1) > others
