"""The checks that every settings dataclass makes of its fields, in one voice."""

import math

from alignet_ray.errors import ConfigError


def at_least(name: str, value: float | None, minimum: float) -> None:
    """Raise ConfigError where a given value is below the minimum, or infinite; None is 'not
    given'.
    """
    if value is not None and not minimum <= value < math.inf:
        raise ConfigError(f"{value}", f"at least {minimum}", flag(name))


def above(name: str, value: float | None, bound: float) -> None:
    """Raise ConfigError where a given value is not above the bound, or infinite; None is 'not
    given'.
    """
    if value is not None and not bound < value < math.inf:
        raise ConfigError(f"{value}", f"more than {bound}, and finite", flag(name))


def within(name: str, value: float, low: float, high: float) -> None:
    """Raise ConfigError where the value is outside [low, high]."""
    if not low <= value <= high:
        raise ConfigError(f"{value}", f"between {low} and {high}", flag(name))


def flag(name: str) -> str:
    """The command line's spelling of a field."""
    return "--" + name.replace("_", "-")
