"""Settings of validation: on how many images of the validation split, and how often."""

from dataclasses import dataclass

from alignet_ray.config.checks import at_least


@dataclass(frozen=True, kw_only=True)
class ValidationConfig:
    """Measuring the student on groups that it does not train on."""

    images: int = 4096
    """Images of the validation split to measure on; 0 for no validation at all."""
    every_steps: int | None = None
    """Steps between two validations; before the first and after the last step there always is
    one. Default: a tenth of all steps."""

    def __post_init__(self) -> None:
        at_least("validation.images", self.images, 0)
        at_least("validation.every_steps", self.every_steps, 1)
