"""What came of a job as one JSON object, for schedulers and scripts: `--summary-json FILE`.

Written at every end that the process itself sees: done, bad input, interrupted, a fault of ours.
"""

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from alignet_ray.errors import ConfigError

FLAG = "--summary-json"
STANDARD_OUTPUT = "-"

Facts = Mapping[str, Any]


def take_place(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """The arguments without `--summary-json FILE`, and FILE: a path, any fsspec URL, or `-`."""
    rest: list[str] = []
    place: str | None = None
    items = iter(arguments)
    for item in items:
        if item == FLAG:
            place = next(items, None)
            if place is None:
                raise ConfigError("no file given", f"{FLAG} FILE", FLAG)
        elif item.startswith(f"{FLAG}="):
            place = item.removeprefix(f"{FLAG}=")
        else:
            rest.append(item)
    return rest, place


def facts_of(returned: object) -> Facts:
    """What a job returned, as JSON can hold it; {} where it returned nothing."""
    if dataclasses.is_dataclass(returned) and not isinstance(returned, type):
        return dataclasses.asdict(returned)
    return dict(returned) if isinstance(returned, Mapping) else {}


def write_summary(
    place: str, *, job: str, exit_code: int, seconds: float, error: str | None, facts: Facts
) -> None:
    """Write the summary. Raises StorageError where it cannot be written."""
    summary = {
        "job": job,
        "exit_code": exit_code,
        "error": error,
        "seconds": round(seconds, 3),
        "facts": facts,
    }
    text = json.dumps(summary, default=str, sort_keys=True)
    if place == STANDARD_OUTPUT:
        sys.stdout.write(f"{text}\n")
        return
    from alignet_ray.config.urls import absolute_url
    from alignet_ray.records.store import Folder

    parent, _, name = absolute_url(place).rpartition("/")
    Folder.at(parent or "/").write(name, f"{text}\n".encode())
