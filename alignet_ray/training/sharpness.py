"""How sharp student and teacher are before training: the student's temperature, and a warning."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from alignet_ray.config.train import TrainConfig
from alignet_ray.errors import InputError, RecordError
from alignet_ray.functional.distillation import gram_matrices
from alignet_ray.functional.groups import gram_pair_similarities
from alignet_ray.functional.temperature import (
    matching_temperature,
    mean_entropy,
    spread,
    spread_matching_temperature,
)
from alignet_ray.training.data import Batch, Decoder
from alignet_ray.training.learner import Learner
from alignet_ray.training.plan import TrainPlan
from alignet_ray.training.reading import step_groups
from alignet_ray.training.step import positions, represent_parts

TOO_SOFT_ENTROPY = 1.09
SATURATED_ENTROPY = 0.02


@dataclass(frozen=True, kw_only=True)
class Sharpness:
    """How sharp the initial student and the teacher are on the triplets of the first step."""

    student_temperature: float
    student_entropy: float
    teacher_entropy: float

    def warning(self) -> str | None:
        """A line about a student that can hardly learn, if it is one."""
        entropy = self.student_entropy
        if self.teacher_entropy < SATURATED_ENTROPY:
            return (
                f"the teacher's mean label entropy is {self.teacher_entropy:.4f} nats: saturated. "
                "Raise --loss.teacher-temperature."
            )
        if self.teacher_entropy > TOO_SOFT_ENTROPY:
            return (
                f"the teacher's mean label entropy is {self.teacher_entropy:.4f} nats of 1.0986: "
                "too soft to teach. Lower --loss.teacher-temperature."
            )
        said = (
            f"the initial student's mean entropy is {entropy:.4f} nats at temperature "
            f"{self.student_temperature:g}"
        )
        if entropy > TOO_SOFT_ENTROPY:
            return f"{said}: too soft to learn. Lower --loss.student-temperature or say auto."
        if entropy < SATURATED_ENTROPY:
            return f"{said}: saturated. Raise --loss.student-temperature or say auto."
        return None


def measure_sharpness(
    config: TrainConfig, plan: TrainPlan, learner: Learner, decoder: Decoder
) -> Sharpness:
    """The student's temperature, and both mean entropies over the first step's triplets."""
    streams = range(plan.layout.num_streams)
    groups = next(step_groups(plan.sources, plan.layout, streams, num_steps=1))
    batches = (decoder.batch([group], plan.sources.skip) for group in groups)
    pairs = [_pairs(learner, batch) for batch in batches if batch]  # one decoded at a time
    if not pairs:
        raise RecordError(
            "no group can be read", "one at least", "the first step",
            "Run jobs/verify.py on the runs.",
        )  # fmt: skip
    student = np.concatenate([pair[0] for pair in pairs])
    teacher = np.concatenate([pair[1] for pair in pairs])
    try:
        temperature = _student_temperature(config, student, teacher)
    except ValueError as error:
        raise InputError(
            str(error), "a student and a teacher whose triplets differ", config.student.name,
            "Give --loss.student-temperature, or other initial weights.",
        ) from error  # fmt: skip
    return Sharpness(
        student_temperature=temperature,
        student_entropy=mean_entropy(student, temperature),
        teacher_entropy=mean_entropy(teacher, 1.0),
    )


def _student_temperature(
    config: TrainConfig,
    student: Float64[np.ndarray, "triplets 3"],
    teacher: Float64[np.ndarray, "triplets 3"],
) -> float:
    """The one that is given, or that which makes student and teacher alike in the way asked for."""
    asked = config.loss.student_temperature
    if asked == "auto":
        return matching_temperature(student, mean_entropy(teacher, 1.0))
    if asked == "auto_spread":
        return spread_matching_temperature(student, spread(teacher))
    return asked


@torch.no_grad()
def _pairs(
    learner: Learner, batch: Batch
) -> tuple[Float64[np.ndarray, "triplets 3"], Float64[np.ndarray, "triplets 3"]]:
    """Pair similarities of one group: the student's, and the teacher's over its temperature."""
    device = str(learner.backbone.mean.device)
    (vectors,) = represent_parts(learner.network, batch, device)
    (part,) = batch
    triplets = positions(part.kind, device)
    teacher = torch.from_numpy(part.similarities).double() / part.kind.teacher_temperature

    def flat(gram: Tensor) -> Float64[np.ndarray, "triplets 3"]:
        return gram_pair_similarities(gram, triplets).flatten(0, 1).double().cpu().numpy()

    return flat(gram_matrices(vectors)), flat(teacher.to(device))
