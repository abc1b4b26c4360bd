"""A job's settings without those that are rarely given: what `--help` shows of many flags.

`--help-all` shows them all. Only the help is made from such a class; flags are read as ever.
"""

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any, get_type_hints

import tyro


def without(config_class: type, folded: Sequence[str], prefix: str = "") -> type:
    """The same dataclass, in whose help the folded fields (`seed`, `downstream.source`) are not.

    Fields keep their docstrings, as they are those of the class that this one inherits.
    """
    hints = get_type_hints(config_class)
    changed: list[tuple[str, Any, Any]] = []
    for field in dataclasses.fields(config_class):
        path, hint = f"{prefix}{field.name}", hints[field.name]
        if path in folded:
            changed.append((field.name, Annotated[hint, tyro.conf.Suppress], _default(field)))
        elif any(own.startswith(f"{path}.") for own in folded):
            inner = without(hint, folded, f"{path}.")
            changed.append((field.name, inner, dataclasses.field(default_factory=inner)))
    return dataclasses.make_dataclass(
        config_class.__name__, changed, bases=(config_class,), frozen=True, kw_only=True,
        namespace={"__doc__": config_class.__doc__},
    )  # fmt: skip


def _default(field: "dataclasses.Field[Any]") -> Any:
    if field.default is not dataclasses.MISSING:
        return dataclasses.field(default=field.default)
    assert field.default_factory is not dataclasses.MISSING, "what is required is not folded"
    return dataclasses.field(default_factory=field.default_factory)
