"""Settings of validation: how many images of the validation split are measured on."""

from dataclasses import dataclass

from alignet_ray.config.checks import at_least


@dataclass(frozen=True, kw_only=True)
class ValidationConfig:
    """Measuring the student on groups that it does not train on."""

    images: int = 4096
    """Images of the validation split to measure on before and after; 0 for none."""
    every_steps: int | None = None
    """Steps from one validation to the next; default about a tenth of all."""

    def __post_init__(self) -> None:
        at_least("validation.images", self.images, 0)
        at_least("validation.every_steps", self.every_steps, 1)
