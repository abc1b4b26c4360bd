"""The log of a call: the only record that knows time, machine and versions."""

import datetime
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import alignet_ray
from alignet_ray.records.digests import canonical_json
from alignet_ray.records.store import Folder

LOGS_FOLDER = "logs"
_PACKAGES = ("ray", "torch", "timm", "numpy", "pillow", "pyarrow")


def write_log(root: Folder, job: str, facts: Mapping[str, Any]) -> str:
    """Write what a call did to `logs/JOB-TIME.json`, with machine and versions; returns its URL."""
    now = datetime.datetime.now(datetime.UTC)
    name = f"{LOGS_FOLDER}/{job}-{now:%Y%m%dT%H%M%S%fZ}.json"
    record = {
        **facts,
        "time": now.isoformat(),
        "host": platform.node(),
        "python": platform.python_version(),
        "versions": {
            "alignet_ray": alignet_ray.__version__,  # a cluster's copy need not be installed
            **{package: _version(package) for package in _PACKAGES},
        },
    }
    root.write(name, canonical_json(record))
    return root.place(name)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
