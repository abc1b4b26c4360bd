"""Settings of the distillation loss: what a step minimises."""

from dataclasses import dataclass
from typing import Literal

from alignet_ray.config.checks import above, at_least


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """The loss of each triplet, and the pull towards the initial weights."""

    student_temperature: float | Literal["auto"] = "auto"
    """`auto`: where the initial student's mean entropy is the teacher's; the paper's is 100."""
    teacher_temperature: float | None = None
    """Default: the one that the run names."""
    weight_decay_to_init: float = 1e-2
    """Factor of the squared distance from the initial weights that is added to the loss."""

    def __post_init__(self) -> None:
        at_least("loss.weight_decay_to_init", self.weight_decay_to_init, 0)
        above("loss.teacher_temperature", self.teacher_temperature, 0)
        if self.student_temperature != "auto":
            above("loss.student_temperature", self.student_temperature, 0)
