"""A folded class differs from the settings in its help alone."""

import dataclasses
from dataclasses import dataclass, field

import tyro

from alignet_ray.short_help import without


@dataclass(frozen=True, kw_only=True)
class Inner:
    """Inner settings."""

    usual: int = 1
    """Said of the usual one."""
    rare: int = 2
    """Said of the rare one."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings."""

    place: str
    seed: int = 3
    """Said of the seed."""
    inner: Inner = field(default_factory=Inner)
    machine: Inner = field(default_factory=Inner)


def test_folded_fields_are_not_in_the_help_and_the_others_are_as_they_were():
    folded = without(Settings, ("seed", "inner.rare", "machine"))
    told = tyro.extras.get_parser(folded).format_help()
    for said in ("--place", "--inner.usual", "Said of the usual one"):
        assert said in told
    for said in ("--seed", "--inner.rare", "--machine"):
        assert said not in told
    made = folded(place="x")
    assert [own.name for own in dataclasses.fields(folded)] == [
        own.name for own in dataclasses.fields(Settings)
    ]
    assert (made.seed, made.inner.rare, made.machine) == (3, 2, Inner())
