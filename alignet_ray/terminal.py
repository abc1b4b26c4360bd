"""Standard output on which no name out of a file can steer the terminal.

Keys, labels and models' names come from other people's files and end in summaries and tables. A
terminal takes some of their characters for orders: to set its title, to write over lines.
"""

import contextlib
import re
import sys
from collections.abc import Generator
from typing import Any

from alignet_ray.errors import printable

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_KEPT = "\n\t"


@contextlib.contextmanager
def plain_output() -> Generator[None]:
    """Within the block, what is printed has its control characters spelled out; colours stay."""
    stream: Any = _PlainText(sys.stdout)
    with contextlib.redirect_stdout(stream):
        yield


class _PlainText:
    """A text stream for another."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(spelled_out(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def spelled_out(text: str) -> str:
    """The text, in which only line ends, tabs and colours are more than what is to be read."""
    if text.isprintable():
        return text
    pieces = _COLOUR.split(text)
    colours = [*_COLOUR.findall(text), ""]
    return "".join(map(str.__add__, map(_spelled_piece, pieces), colours))


def _spelled_piece(text: str) -> str:
    return "".join(c if c in _KEPT else printable(c) for c in text)
