"""Settings of the Levels part of `jobs/evaluate.py`: odd-one-out choices at three levels."""

from dataclasses import dataclass

from alignet_ray.config.checks import at_least
from alignet_ray.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class LevelsConfig:
    """Human choices at three levels of abstraction (Levels), with their response times."""

    trials: str | None = None
    """File or folder of the released trials: JSON lines, one file per participant."""
    images: str | None = None
    """Folder of the stimuli, named as in the trials; images of other suffixes count as well. Where
    none lies in it, they are looked for in one folder per class, as ImageNet has them."""
    design: str | None = None
    """Design table (.csv) with the level of each triplet, for trials that do not name it."""
    catch_trials: str | None = None
    """Table (.csv) of catch trials: three images and the position of the odd one, from 0. It needs
    no trials."""
    catch_images: str | None = None
    """Folder of the catch trials' images; default --levels.images."""
    least_responses: int = 4
    """Triplets with fewer responses are left out, and counted."""

    def __post_init__(self) -> None:
        at_least("levels.least_responses", self.least_responses, 1)
        for flag, value, needed, other in (
            ("--levels.design", self.design, "--levels.trials", self.trials),
            ("--levels.catch-images", self.catch_images, "--levels.catch-trials",
             self.catch_trials),
        ):  # fmt: skip
            if value and not other:
                raise ConfigError(f"{value!r}, which nothing reads", f"{needed} as well", flag)
