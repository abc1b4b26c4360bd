"""Settings of the distillation loss: what a step minimises."""

from dataclasses import dataclass
from typing import Literal

from alignet_ray.config.checks import above, at_least

Divergence = Literal["kl", "jsd"]
Head = Literal["none", "linear"]
Decay = Literal["coupled", "decoupled"]


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """The loss of each triplet, and the pull towards the initial weights."""

    divergence: Divergence = "kl"
    """`kl`: the paper's, teacher before student; `jsd`: Jensen-Shannon, the released code's."""
    head: Head = "none"
    """`linear`: the loss sees a fresh linear map of the representation, as in the released code."""
    head_dim: int = 1024
    """Outputs of the head; it is written beside the student, which is the trunk without it."""
    student_temperature: float | Literal["auto", "auto_spread"] = "auto"
    """Initially as sharp as the teacher by entropy (`auto`) or by spread; the paper's is 100."""
    learn_temperature: bool = False
    """Train the student's temperature too, from there on."""
    teacher_temperature: float | None = None
    """Default: the one that the run names."""
    weight_decay_to_init: float = 1e-2
    """Factor of the squared distance from the initial weights, of all that trains."""
    decay: Decay = "coupled"
    """`coupled`: in the gradient that Adam sees; `decoupled`: beside it, as released (factor 1)."""

    def __post_init__(self) -> None:
        at_least("loss.head_dim", self.head_dim, 1)
        at_least("loss.weight_decay_to_init", self.weight_decay_to_init, 0)
        above("loss.teacher_temperature", self.teacher_temperature, 0)
        if not isinstance(self.student_temperature, str):
            above("loss.student_temperature", self.student_temperature, 0)
