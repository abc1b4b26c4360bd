"""The flags of a settings dataclass, and what each takes in words: for errors a person can use."""

import dataclasses
import difflib
import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from alignet_ray.errors import ConfigError

_OF_THE_PARSER = ("--help", "--tyro-print-completion", "--tyro-write-completion")
_SEE_HELP = "See --help."
_WORDS = {int: "a whole number", float: "a number", str: "text"}
_PLURALS = {int: "whole numbers", float: "numbers", str: "words"}


def flags_of(config_class: type, prefix: str = "") -> dict[str, Any]:
    """Every flag, as it is spelled, and the type of what it takes; `--no-x` of booleans too."""
    flags: dict[str, Any] = {}
    hints = get_type_hints(config_class)
    for field in dataclasses.fields(config_class):
        hint, name = hints[field.name], field.name.replace("_", "-")
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            flags |= flags_of(hint, f"{prefix}{name}.")
            continue
        flags[f"--{prefix}{name}"] = hint
        if hint is bool:
            flags[f"--{prefix}no-{name}"] = hint
    return flags


def refuse_unknown_flags(arguments: Sequence[str], flags: Mapping[str, Any]) -> None:
    """Raise ConfigError for the first flag that does not exist, with the one that was meant."""
    for argument in arguments:
        name = spelled(argument)
        if argument.startswith("--") and name not in flags and name not in _OF_THE_PARSER:
            near = _nearest(name, flags)
            hint = f"Did you mean {near}? " if near else ""
            raise ConfigError("no such flag", place=name, remedy=f"{hint}{_SEE_HELP}")


def spelled(argument: str) -> str:
    """The flag of an argument: without a value behind `=`, with dashes for underscores."""
    return argument.partition("=")[0].replace("_", "-")


def _nearest(name: str, flags: Mapping[str, Any]) -> str | None:
    """The flag that is spelled like it, or those that end as it does: a section was forgotten."""
    inside = [flag for flag in flags if flag.rpartition(".")[2] == name.removeprefix("--")]
    near = inside or difflib.get_close_matches(name, flags, n=1, cutoff=0.7)
    if not near:
        last = {flag.rpartition(".")[2].removeprefix("--"): flag for flag in flags}
        close = difflib.get_close_matches(name.removeprefix("--"), last, n=1, cutoff=0.75)
        near = [last[word] for word in close]
    return " or ".join(near) if near else None


def refuse_value(flag: str, hint: Any, arguments: Sequence[str]) -> ConfigError:
    """The error for what a flag was given and cannot take."""
    given = given_to(flag, arguments)
    found = " ".join(map(repr, given)) if given else "no value"
    return ConfigError(found, wanted(hint), flag, _SEE_HELP)


def given_to(flag: str, arguments: Sequence[str]) -> list[str]:
    """The values behind the last occurrence of a flag."""
    given: list[str] = []
    is_behind = False
    for argument in arguments:
        if argument.startswith("--"):
            is_behind = spelled(argument) == flag
            if is_behind:
                given = [argument.partition("=")[2]] if "=" in argument else []
        elif is_behind:
            given.append(argument)
    return given


def wanted(hint: Any) -> str:
    """What a type takes, in words: a whole number or `auto`."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(wanted(option) for option in inside if option is not type(None))
    if origin is Literal:
        *most, last = [f"`{choice}`" for choice in inside]
        return f"{', '.join(most)} or {last}" if most else last
    if origin is tuple and inside[-1] is not Ellipsis:
        return f"{len(inside)} {_PLURALS.get(inside[0], 'values')}"
    if origin is tuple and get_origin(inside[0]) is Literal:
        return f"some of {', '.join(f'`{choice}`' for choice in get_args(inside[0]))}"
    if origin is tuple:
        return _PLURALS.get(inside[0], "values")
    return _WORDS.get(hint, "nothing: it is a switch" if hint is bool else "a value")
