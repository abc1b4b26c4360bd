"""Settings of the VICE fit: human choices to an embedding of every object (method: section 2)."""

from dataclasses import dataclass, replace
from typing import Literal

from alignet_ray.config.checks import above, at_least
from alignet_ray.errors import ConfigError

_REFERENCE: dict[str, int | float] = {
    "batch_size": 128,
    "learning_rate": 1e-3,
    "burn_in_epochs": 500,
    "stable_epochs": 500,
    "cool_down_epochs": 0,
    "max_epochs": 2000,
}
_FAST_LEARNING_RATE = 0.03
_FAST_BATCH_SIZES = (256, 16_384)
_FAST_LEAST_BATCHES = 12
_FAST_LOG_SCALE = -3.0
# What a fit needs are steps; a large study has them in a few epochs. (Steps, least epochs.)
_FAST_EPOCHS = {
    "burn_in_epochs": (1000, 10),
    "stable_epochs": (1500, 10),
    "cool_down_epochs": (600, 5),
    "max_epochs": (20_000, 50),
}


@dataclass(frozen=True, kw_only=True)
class ViceConfig:
    """How choices become a Gaussian embedding; what is not given is the preset's."""

    preset: Literal["fast", "reference"] = "fast"
    """`fast`: few large batches; `reference`: batches of 128 as published. Same objective."""
    num_dimensions: int = 100
    """Dimensions to start with; most of them die."""
    spike: float = 0.25
    """Width of the prior's narrow part."""
    slab: float = 1.0
    """Width of the prior's wide part."""
    spike_share: float = 0.5
    """Weight of the narrow part."""
    batch_size: int | None = None
    """Choices in a step."""
    learning_rate: float | None = None
    """Adam's learning rate."""
    burn_in_epochs: int | None = None
    """Epochs before the stop rule looks."""
    stable_epochs: int | None = None
    """Stop after so many epochs with the same number of live dimensions."""
    cool_down_epochs: int | None = None
    """Then so many epochs more, with a learning rate that falls to nothing."""
    max_epochs: int | None = None
    """Most passes over the choices."""
    fdr: float = 0.05
    """False discovery rate of `this object is above 0 in this dimension`."""
    min_objects: int = 5
    """A dimension lives if more objects than these are above 0."""
    num_samples: int = 50
    """Posterior samples behind a triplet's probabilities."""
    held_out_fraction: float = 0.1
    """Part of the unique triplets that the fit never sees; they measure it."""

    def __post_init__(self) -> None:
        for name, least in (("num_dimensions", 1), ("batch_size", 1), ("num_samples", 1)):
            at_least(f"vice.{name}", getattr(self, name), least)
        for name in ("spike", "slab", "learning_rate"):
            above(f"vice.{name}", getattr(self, name), 0)
        for name in ("burn_in_epochs", "cool_down_epochs", "min_objects"):
            at_least(f"vice.{name}", getattr(self, name), 0)
        for name in ("stable_epochs", "max_epochs"):
            at_least(f"vice.{name}", getattr(self, name), 1)
        for name in ("spike_share", "fdr", "held_out_fraction"):
            value = getattr(self, name)
            if not 0 < value < 1:
                raise ConfigError(
                    f"{value}", "between 0 and 1, both excluded", f"--vice.{name}".replace("_", "-")
                )

    @property
    def initial_log_scale(self) -> float | None:
        """Log of every scale at the start; None is the reference's -1 / std(means)."""
        return None if self.preset == "reference" else _FAST_LOG_SCALE

    def resolved(self, num_choices: int) -> "ViceConfig":
        """The same with every number that was left to the preset, for so many choices."""
        numbers = _REFERENCE if self.preset == "reference" else self._fast(num_choices)
        left_out = {name: n for name, n in numbers.items() if getattr(self, name) is None}
        return replace(self, **left_out)  # type: ignore[arg-type]

    def _fast(self, num_choices: int) -> dict[str, int | float]:
        smallest, largest = _FAST_BATCH_SIZES
        batch_size = min(max(num_choices // _FAST_LEAST_BATCHES, smallest), largest)
        steps = -(-num_choices // (self.batch_size or batch_size))
        epochs = {name: max(least, -(-n // steps)) for name, (n, least) in _FAST_EPOCHS.items()}
        return {"batch_size": batch_size, "learning_rate": _FAST_LEARNING_RATE, **epochs}
