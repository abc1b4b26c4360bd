"""Settings of `jobs/demo.py`."""

from dataclasses import dataclass, field

from alignet_ray.config.checks import at_least
from alignet_ray.config.resources import Resources


@dataclass(frozen=True, kw_only=True)
class DemoConfig:
    """The whole way on a small world of its own: render, fit, generate, train, evaluate."""

    output: str = "demo_output"
    """Local folder for everything that the demo makes; what is there already is kept."""
    num_images: int = 1800
    """Unlabelled pictures that the teacher labels."""
    num_groups: int = 480
    """Groups that the student learns from."""
    num_workers: int = 1
    """Training workers."""
    seed: int = 0
    """Seed of the world and of every job."""
    resources: Resources = field(default_factory=Resources)
    """Machines."""

    def __post_init__(self) -> None:
        at_least("num_images", self.num_images, 100)
        at_least("num_groups", self.num_groups, 16)
        at_least("num_workers", self.num_workers, 1)
