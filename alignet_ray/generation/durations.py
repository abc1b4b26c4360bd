"""How long each stage took, and the log of a call: the only record that knows time and machine."""

import contextlib
import datetime
import platform
import time
from collections.abc import Generator, Mapping
from importlib.metadata import version
from typing import Any

from alignet_ray.records.digests import canonical_json
from alignet_ray.records.store import Folder

LOGS_FOLDER = "logs"
_PACKAGES = ("alignet_ray", "ray", "torch", "timm", "numpy", "pillow", "pyarrow")


class Durations:
    """Seconds of each stage of a call, in the order in which they began."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def of(self, stage: str) -> Generator[None]:
        """Add the seconds of the block to a stage."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.monotonic() - start


def write_log(root: Folder, job: str, facts: Mapping[str, Any]) -> str:
    """Write what a call did to `logs/JOB-TIME.json`, with machine and versions; returns its URL."""
    now = datetime.datetime.now(datetime.UTC)
    name = f"{LOGS_FOLDER}/{job}-{now:%Y%m%dT%H%M%S%fZ}.json"
    record = {
        **facts,
        "time": now.isoformat(),
        "host": platform.node(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in _PACKAGES},
    }
    root.write(name, canonical_json(record))
    return root.place(name)
