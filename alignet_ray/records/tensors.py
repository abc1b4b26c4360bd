"""What the safetensors library raises for a file that is none, as one line.

The library itself checks the header's length, that tensors lie one after the other inside the file
and that their shapes fit their bytes; nothing there is ever run. Only what it raises varies.
"""

import contextlib
from collections.abc import Generator

import safetensors

from alignet_ray.errors import RecordError

_FAULTS = (
    safetensors.SafetensorError, LookupError, OverflowError, RuntimeError, TypeError, ValueError,
)  # fmt: skip


@contextlib.contextmanager
def unreadable_tensors(place: str, remedy: str = "") -> Generator[None]:
    """Raise RecordError for what a block finds unreadable in a safetensors file at `place`."""
    try:
        yield
    except _FAULTS as error:
        text = str(error) or type(error).__name__
        raise RecordError(f"unreadable ({text})", "whole safetensors", place, remedy) from error
