"""Names of the layers that a backbone's representation can be taken from."""

import re

from alignet_ray.errors import ConfigError

Representation = str
"""`pre_logits`, `output` or `block:N`."""

PRE_LOGITS, OUTPUT = "pre_logits", "output"
AUTO = "auto"

_BLOCK = re.compile(r"block:(0|[1-9]\d{0,3})")
_EXPECTED = "`pre_logits`, `output`, or an inner block such as `block:3`"


def is_representation(name: str) -> bool:
    """Whether it names a layer."""
    return name in (PRE_LOGITS, OUTPUT) or block_number(name) is not None


def block_number(representation: Representation) -> int | None:
    """Number of an inner block or stage, counted from 0; None for what is none."""
    found = _BLOCK.fullmatch(representation)
    return int(found.group(1)) if found else None


def refuse_unknown_layer(name: str, flag: str) -> None:
    """Raise ConfigError for what is neither a layer nor `auto`."""
    if name != AUTO and not is_representation(name):
        raise ConfigError(repr(name), f"`{AUTO}`, {_EXPECTED}", flag)


def refuse_no_block(name: str, flag: str) -> None:
    """Raise ConfigError for what is no inner block."""
    if block_number(name) is None:
        raise ConfigError(repr(name), "an inner block such as `block:3`, counted from 0", flag)
