"""`logs/train.jsonl`: one line a step, for people and plots. Holds times, so it is never hashed."""

import json
import time

from alignet_ray.records.digests import Json
from alignet_ray.records.store import Folder

METRICS_NAME = "logs/train.jsonl"

_WRITE_SECONDS = 30.0


class MetricsLog:
    """Collects lines and puts the whole file in place now and then: stores cannot append."""

    def __init__(self, folder: Folder, first_step: int = 0) -> None:
        self._folder = folder
        lines = (folder.read_if_there(METRICS_NAME) or b"").decode().splitlines(keepends=True)
        self._lines = [line for line in lines if json.loads(line)["step"] < first_step]
        self._written = time.monotonic()

    def add(self, record: Json) -> None:
        """One more line; written within half a minute."""
        self._lines.append(json.dumps(record) + "\n")
        if time.monotonic() - self._written > _WRITE_SECONDS:
            self.write()

    def write(self) -> None:
        """Put what was collected in place."""
        self._folder.write(METRICS_NAME, "".join(self._lines).encode())
        self._written = time.monotonic()

    def add_validation(self, steps_done: int, figures: Json) -> None:
        """The figures of a validation after so many steps."""

    def close(self) -> None:
        """Write for the last time."""
        self.write()
