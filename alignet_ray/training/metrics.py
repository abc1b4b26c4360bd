"""The logs of training, for people and plots: JSON lines, and event files for TensorBoard.

`logs/train.jsonl` has one line a step, `logs/validation.jsonl` one a validation. They hold times,
so they are never hashed.
"""

import json
import time
from collections.abc import Iterator, Mapping

from alignet_ray.records.digests import Json
from alignet_ray.records.store import Folder
from alignet_ray.training.tensorboard import EventFile

METRICS_NAME = "logs/train.jsonl"
VALIDATIONS_NAME = "logs/validation.jsonl"
TENSORBOARD_FOLDER = "logs/tensorboard"

_WRITE_SECONDS = 30.0
_LEAST_PAUSE = 20


class MetricsLog:
    """Collects lines and puts whole files in place now and then: stores cannot append.

    `first_step` steps were done before: their lines stay and later ones are dropped, so that the
    log of a run that goes on reads like that of an undisturbed one. It must have been written
    before the checkpoint that the run goes on from.
    """

    def __init__(self, folder: Folder, first_step: int = 0) -> None:
        self._folder = folder
        self._lines = _kept_lines(folder, METRICS_NAME, first_step) if first_step else []
        validations = _kept_lines(folder, VALIDATIONS_NAME, first_step + 1) if first_step else []
        self._validations = {json.loads(line)["step"]: line for line in validations}
        self._events = EventFile(folder.folder(TENSORBOARD_FOLDER), first_step)
        if first_step in self._validations:  # its event is hidden with those of the next step
            self._add_event(first_step, json.loads(self._validations[first_step]))
        if not first_step:  # an earlier attempt's, which had no checkpoint yet
            folder.delete(VALIDATIONS_NAME)
        self._write_after(_WRITE_SECONDS)

    def add(self, record: Json) -> None:
        """The figures of one step, with its number from 0 as `step`; written now and then."""
        self._lines.append(json.dumps(record) + "\n")
        scalars = {f"train/{name}": value for name, value in record.items() if name != "step"}
        self._events.add(scalars, record["step"])
        if time.monotonic() > self._next_write:
            self.write()

    def add_validation(self, steps_done: int, figures: Json) -> None:
        """The figures of a validation after so many steps."""
        self._validations[steps_done] = json.dumps({"step": steps_done, **figures}) + "\n"
        self._add_event(steps_done, figures)

    def _add_event(self, step: int, figures: Json) -> None:
        self._events.add(dict(validation_scalars(figures)), step)

    def write(self) -> None:
        """Put what was collected in place."""
        started = time.monotonic()
        self._folder.write(METRICS_NAME, "".join(self._lines).encode())
        if self._validations:
            lines = (line for _, line in sorted(self._validations.items()))
            self._folder.write(VALIDATIONS_NAME, "".join(lines).encode())
        self._events.flush()
        # A long run has a long log: writing it must not become what the run does.
        self._write_after(max(_WRITE_SECONDS, _LEAST_PAUSE * (time.monotonic() - started)))

    def close(self) -> None:
        """Write for the last time."""
        self.write()
        self._events.close()

    def _write_after(self, seconds: float) -> None:
        self._next_write = time.monotonic() + seconds


def validation_scalars(figures: Json) -> Iterator[tuple[str, float]]:
    """Tags and values of a validation; by strategy only where there are several."""
    by_strategy: Mapping[str, Json] = figures["by_strategy"]
    for name, value in figures.get("without_head", {}).items():
        yield f"validation/without_head/{name}", value
    for name, value in figures.items():
        if name not in ("step", "triplets", "by_strategy", "without_head"):
            yield f"validation/{name}", value
            if len(by_strategy) > 1:
                for strategy, own in by_strategy.items():
                    yield f"validation/{name}/{strategy}", own[name]


def read_log(folder: Folder, name: str) -> list[Json]:
    """The records of a log, in order; none where it is absent."""
    data = folder.read_if_there(name) or b""
    return [json.loads(line) for line in data.decode().splitlines()]


def _kept_lines(folder: Folder, name: str, end: int) -> list[str]:
    """Lines of steps before `end`."""
    return [json.dumps(own) + "\n" for own in read_log(folder, name) if own["step"] < end]
