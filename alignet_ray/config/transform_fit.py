"""Settings of the transform: the loss, the optimiser, and the grid of what is searched.

Four settings are searched unless they are given: a value of `--fit` fixes its setting, and
`--no-search` takes the defaults below for the others.
"""

import itertools
from dataclasses import dataclass
from typing import Literal, NamedTuple

from alignet_ray.config.checks import above, at_least, flag, within
from alignet_ray.errors import ConfigError

SEARCHED = ("regularisation", "learning_rate", "local_weight", "local_temperature")

_DEFAULTS = {
    "regularisation": 0.3,
    "learning_rate": 5e-4,
    "local_weight": 0.1,
    "local_temperature": 0.1,
}
_GRIDS: dict[str, tuple[float, ...]] = {
    "regularisation": (0.1, 0.3, 1.0),
    "learning_rate": (5e-4,),
    "local_weight": (0.05, 0.1, 0.25),
    "local_temperature": (0.1,),
}


class Candidate(NamedTuple):
    """One point of the grid; without a local loss its weight is 0 and its temperature None."""

    regularisation: float
    learning_rate: float
    local_weight: float
    local_temperature: float | None


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """The affine fit; defaults are the best on held-out THINGS objects with MobileNetV1."""

    targets: Literal["soft", "hard"] = "soft"
    """`soft`: human probabilities (uncertainty distillation); `hard`: the human choices themselves
    where choices are given, else the likeliest pair."""
    regularisation: float | None = None
    """Pull of W towards a multiple of the identity; given, it is not searched; default 0.3."""
    learning_rate: float | None = None
    """Learning rate; given, it is not searched; default 0.0005."""
    local_weight: float | None = None
    """Share of the local loss (gLocal) with --local-run; given, it is not searched; default 0.1."""
    local_temperature: float | None = None
    """Temperature of the local loss; given, it is not searched; default 0.1."""
    num_components: int | None = None
    """Fit W on so many principal components of the objects (all, where there are fewer), quicker;
    the regulariser acts on that W, and the result is still one map of all dimensions."""
    batch_size: int = 262_144
    """Triplets in a step; its cost is that of all objects' Gram matrix, so large is cheap."""
    local_batch_size: int = 1024
    """Other images in a step of the local loss."""
    max_epochs: int = 300
    """Most passes over the training triplets."""
    patience: int = 15
    """Stop when so many epochs have not lowered the cross-entropy on held-out objects ..."""
    least_improvement: float = 2e-4
    """... by this much."""
    optimizer: Literal["adam", "sgd"] = "adam"
    """`sgd` has momentum 0.9."""
    gradient_clip: float = 1.0
    """Largest norm of the gradient."""
    averaging: float = 0.9
    """Decay of the running average of W and b over the steps, which is the result; 0: none."""
    initial_scale: float = 0.03
    """W starts as this times the identity, b as this."""
    num_folds: int = 3
    """Folds of objects: each is held out once."""
    num_triplets: int = 200_000
    """Training triplets drawn where a human embedding is given."""
    num_validation_triplets: int = 100_000
    """Triplets drawn inside each fold where a human embedding is given."""
    num_local_images: int = 10_000
    """Most images of --local-run that are read: a seeded sample."""

    def __post_init__(self) -> None:
        at_least("fit.regularisation", self.regularisation, 0)
        for name in ("learning_rate", "local_temperature", "gradient_clip", "initial_scale"):
            above(f"fit.{name}", getattr(self, name), 0)
        _local_weights("fit.local_weight", (self.local_weight,))
        for name in ("num_components", "batch_size", "max_epochs", "patience"):
            at_least(f"fit.{name}", getattr(self, name), 1)
        for name in ("num_triplets", "num_validation_triplets"):
            at_least(f"fit.{name}", getattr(self, name), 1)
        for name in ("num_local_images", "local_batch_size", "num_folds"):
            at_least(f"fit.{name}", getattr(self, name), 2)
        at_least("fit.least_improvement", self.least_improvement, 0)
        if not 0 <= self.averaging < 1:
            raise ConfigError(
                f"{self.averaging}", "0 or more, and less than 1", flag("fit.averaging")
            )


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """The values to try of each searched setting; without any, a small default grid."""

    regularisation: tuple[float, ...] = ()
    """Pulls of W towards a multiple of the identity; default 0.1 0.3 1."""
    learning_rate: tuple[float, ...] = ()
    """Learning rates; default 0.0005 alone: narrow features want
    larger ones."""
    local_weight: tuple[float, ...] = ()
    """Shares of the local loss (gLocal), with --local-run; default 0.05 0.1 0.25."""
    local_temperature: tuple[float, ...] = ()
    """Temperatures of the local loss; default 0.1."""

    def __post_init__(self) -> None:
        for name in SEARCHED:
            for value in getattr(self, name):
                at_least(f"grid.{name}", value, 0)
        for name in ("learning_rate", "local_temperature"):
            for value in getattr(self, name):
                above(f"grid.{name}", value, 0)
        _local_weights("grid.local_weight", self.local_weight)


def _local_weights(name: str, values: tuple[float | None, ...]) -> None:
    for value in values:
        if value is not None:
            within(name, value, 0, 1)


def candidates(
    fit: FitConfig, grid: SearchConfig, *, search: bool, has_local: bool
) -> tuple[Candidate, ...]:
    """Every combination to try, in one order; one where there is nothing to search.

    Raises ConfigError for a value that would not be used.
    """
    values = {name: _values(name, fit, grid, search=search) for name in SEARCHED}
    local = [name for name in SEARCHED if name.startswith("local")]
    if not has_local:
        for name in local:
            if getattr(fit, name) is not None or getattr(grid, name):
                raise ConfigError(
                    "given without other images", "--local-run as well, for the local loss",
                    flag(f"{'fit' if getattr(fit, name) is not None else 'grid'}.{name}"),
                )  # fmt: skip
        values |= {"local_weight": (0.0,)}
    elif not any(values["local_weight"]):
        raise ConfigError("0", "a local weight above 0 with --local-run", "--fit.local-weight")
    points = itertools.product(*values.values())
    found = (
        Candidate(r, rate, a, temperature if a else None) for r, rate, a, temperature in points
    )
    return tuple(dict.fromkeys(found))


def _values(name: str, fit: FitConfig, grid: SearchConfig, *, search: bool) -> tuple[float, ...]:
    given, asked = getattr(fit, name), getattr(grid, name)
    if asked and (given is not None or not search):
        other = f"{flag(f'fit.{name}')} {given}" if given is not None else "--no-search"
        raise ConfigError(
            f"given beside {other}", "one of the two", flag(f"grid.{name}"),
            "--fit fixes a setting, --grid searches it.",
        )  # fmt: skip
    if given is not None:
        return (given,)
    if not search:
        return (_DEFAULTS[name],)
    return tuple(dict.fromkeys(asked)) or _GRIDS[name]
