"""The log of a call: the only record that knows time, machine and versions."""

import datetime
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from alignet_ray.records.digests import canonical_json
from alignet_ray.records.store import Folder

LOGS_FOLDER = "logs"
_PACKAGES = ("alignet_ray", "ray", "torch", "timm", "numpy", "pillow", "pyarrow")


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
