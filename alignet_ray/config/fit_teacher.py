"""Settings of `jobs/fit_teacher.py`."""

from dataclasses import dataclass, field
from typing import Literal

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.config.checks import above, at_least
from alignet_ray.config.human_sources import HumanSourcesConfig
from alignet_ray.config.resources import Resources
from alignet_ray.config.urls import absolute_plugins
from alignet_ray.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """The affine fit; defaults are the best on held-out THINGS objects with MobileNetV1."""

    regularisation: float = 0.3
    """Pull of W towards a multiple of the identity; the papers search 1e-5 to 1e3."""
    learning_rate: float = 5e-4
    """Learning rate."""
    batch_size: int = 262_144
    """Triplets in a step; its cost is that of all objects' Gram matrix, so large is cheap."""
    max_epochs: int = 300
    """Most passes over the training triplets."""
    patience: int = 20
    """Stop after so many epochs without a lower cross-entropy on held-out objects."""
    optimizer: Literal["adam", "sgd"] = "adam"
    """`sgd` has momentum 0.9."""
    gradient_clip: float = 1.0
    """Largest norm of the gradient."""
    initial_scale: float = 1e-3
    """W starts as this times the identity, b as this."""
    held_out_fraction: float = 0.2
    """Part of the objects that the fit never sees: they stop it and measure it."""
    num_triplets: int = 100_000
    """Training triplets drawn where a human embedding is given."""
    num_held_out_triplets: int = 20_000
    """Triplets drawn among held-out objects where a human embedding is given."""

    def __post_init__(self) -> None:
        at_least("fit.regularisation", self.regularisation, 0)
        for name in ("learning_rate", "gradient_clip", "initial_scale"):
            above(f"fit.{name}", getattr(self, name), 0)
        for name in ("batch_size", "max_epochs", "patience"):
            at_least(f"fit.{name}", getattr(self, name), 1)
        for name in ("num_triplets", "num_held_out_triplets"):
            at_least(f"fit.{name}", getattr(self, name), 1)
        if not 0 < self.held_out_fraction < 1:
            raise ConfigError(
                f"{self.held_out_fraction}", "between 0 and 1, both excluded",
                "--fit.held-out-fraction",
            )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FitTeacherConfig(HumanSourcesConfig):
    """Human judgements and images of their objects to a surrogate teacher: W, b and a bundle."""

    output: str
    """Folder for the teacher bundle."""
    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    """The teacher's backbone."""
    plugins: tuple[str, ...] = ()
    """Modules of your own to import first: dotted names or .py files."""
    fit: FitConfig = field(default_factory=FitConfig)
    """The affine fit."""
    num_resamples: int = 1000
    """Bootstrap resamples of the intervals."""
    seed: int = 0
    """Seed of held-out objects, drawn triplets and resamples."""
    cache: str | None = None
    """Folder for raw embeddings, to share between jobs; default `cache` in the output."""
    fit_cpus: int = 4
    """Most CPU cores of the fit, which runs on one node."""
    resources: Resources = field(default_factory=Resources)
    """Machines."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("num_resamples", self.num_resamples, 1)
        at_least("seed", self.seed, 0)
        at_least("fit_cpus", self.fit_cpus, 1)
        object.__setattr__(self, "plugins", absolute_plugins(self.plugins))
