"""Logs of fits: one JSON object a line, a file for each call, `logs/JOB-TIME.jsonl`.

What holds seconds is for people and plots and is never hashed, so it lies apart from all records.
Stores cannot append: lines are collected and the whole file is put in place now and then.
"""

import contextlib
import datetime
import json
import time
from collections.abc import Generator

from alignet_ray.errors import StorageError
from alignet_ray.records.digests import Json
from alignet_ray.records.store import Folder

_WRITE_SECONDS = 30.0


class JsonLines:
    """Lines of one log; a driver that is killed loses those of the last half minute."""

    def __init__(self, folder: Folder, name: str) -> None:
        self._folder, self._name = folder, name
        self._lines: list[str] = []
        self._written = time.monotonic()
        self._num_written = 0

    def add(self, record: Json) -> None:
        """One more line; written within half a minute."""
        self._lines.append(json.dumps(record, allow_nan=False) + "\n")
        if time.monotonic() - self._written > _WRITE_SECONDS:
            self.write()

    def write(self) -> None:
        """Put what was collected in place; nothing where nothing is new."""
        if len(self._lines) > self._num_written:
            self._folder.write(self._name, "".join(self._lines).encode())
            self._num_written = len(self._lines)
        self._written = time.monotonic()


@contextlib.contextmanager
def json_lines(folder: Folder, name: str) -> Generator[JsonLines]:
    """A log for the length of a block, written also where the block fails."""
    log = JsonLines(folder, name)
    try:
        yield log
    except BaseException:
        with contextlib.suppress(StorageError):  # what failed first says more
            log.write()
        raise
    log.write()


def timed_name(job: str) -> str:
    """The name of a call's own log, by the time of its beginning."""
    return f"logs/{job}-{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%S%fZ}.jsonl"


def paced(num_steps: int, seconds: float) -> Json:
    """How long so many steps took, and one of them."""
    return {
        "steps": num_steps,
        "seconds": round(seconds, 3),
        "seconds_per_step": seconds / num_steps if num_steps else None,
    }
