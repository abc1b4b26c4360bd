"""Settings of checkpoints: how much work a crash may cost. Machine facts: they decide no result."""

from dataclasses import dataclass

from alignet_ray.config.checks import above, at_least


@dataclass(frozen=True, kw_only=True)
class CheckpointConfig:
    """When the state of training is written, and how often training may die before it gives up."""

    every_seconds: float = 600.0
    """Time from one checkpoint to the next, so that a crash costs no more than this."""
    every_steps: int | None = None
    """Steps from one checkpoint to the next, instead of the time."""
    max_restarts: int = 3
    """Restarts after a lost worker without a newer checkpoint between them, before giving up."""

    def __post_init__(self) -> None:
        above("checkpoints.every_seconds", self.every_seconds, 0)
        at_least("checkpoints.every_steps", self.every_steps, 1)
        at_least("checkpoints.max_restarts", self.max_restarts, 0)
