"""Every error that a user can meet, each one line: place, value, expectation, remedy.

    AlignetError
    |- ConfigError      exit 2   a flag or a line of YAML is wrong
    |- InputError       exit 3   images, responses, a bundle or weights that cannot be used
    |- MismatchError    exit 4   a root that was made with other settings, a source that has changed
    |- RecordError      exit 5   a record on disk that is truncated, altered or missing
    |- StorageError     exit 6   a bucket, a right, a disk or the network
    |- ResourceError    exit 7   a machine or cluster that cannot give what was asked for
    |- LockedError      exit 8   another driver works on the same root
    `- Interrupted      exit 9   asked to stop; what is done is kept, the same command goes on

Anything else that reaches `cli.run_job` is our own fault and exits with 70. The fields travel as
positional arguments because Ray rebuilds exceptions on the other side from `args` alone.
"""

import contextlib
from collections.abc import Generator, Mapping
from typing import Self


def printable(text: str) -> str:
    """The text with what would steer a terminal spelled out: names come from files of others."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class AlignetError(Exception):
    """Base of all errors that are reported in one line.

    `value` says what was found, `expectation` what should have been there, `place` where,
    `remedy` what to do. An empty field is left out of the line.
    """

    exit_code = 1

    def __init__(
        self, value: str, expectation: str = "", place: str = "", remedy: str = ""
    ) -> None:
        super().__init__(value, expectation, place, remedy)
        self.value = value
        self.expectation = expectation
        self.place = place
        self.remedy = remedy

    def reworded(self, old: str, new: str) -> Self:
        """The same error in the words of another caller: its own name of a flag, say."""
        return type(self)(*(field.replace(old, new) for field in self.args))

    def __str__(self) -> str:
        head = f"{self.place}: {self.value}" if self.place else self.value
        middle = f"; expected {self.expectation}" if self.expectation else ""
        tail = f". {self.remedy}" if self.remedy else ""
        return printable(" ".join(f"{head}{middle}{tail}".split()))


class ConfigError(AlignetError, ValueError):
    """A flag or a line of YAML is wrong."""

    exit_code = 2


class InputError(AlignetError, ValueError):
    """Images, responses, a bundle or weights cannot be used."""

    exit_code = 3


class MismatchError(AlignetError, ValueError):
    """A root was made with other settings, or its source has changed."""

    exit_code = 4


class RecordError(AlignetError, ValueError):
    """A record on disk is truncated, altered or missing."""

    exit_code = 5


class StorageError(AlignetError, OSError):
    """A bucket, a right, a disk or the network failed."""

    exit_code = 6


class ResourceError(AlignetError, RuntimeError):
    """A machine or cluster cannot give what was asked for."""

    exit_code = 7


class LockedError(AlignetError, RuntimeError):
    """Another driver works on the same root."""

    exit_code = 8


class Interrupted(AlignetError, RuntimeError):
    """The user or the machine asked the job to stop, and it kept what was done."""

    exit_code = 9


INTERNAL_EXIT_CODE = 70


@contextlib.contextmanager
def reworded(words: Mapping[str, str], *, is_whole: bool = False) -> Generator[None]:
    """Errors from inside in the words of their caller: old -> new, one after the other.

    So what reads images for several jobs and parts names the flag that its user gave. `is_whole`:
    only a field that is the old words and nothing else.
    """
    try:
        yield
    except AlignetError as error:
        fields: list[str] = list(error.args)
        for old, new in words.items():
            fields = [
                (new if own == old else own) if is_whole else own.replace(old, new)
                for own in fields
            ]
        if fields == list(error.args):
            raise
        raise type(error)(*fields) from error
