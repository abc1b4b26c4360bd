"""The last step of a build: what is installed is what the lock file names, and it can be used.

    python docker/check_image.py LOCK

Ends with code 1 and a line for each fault.
"""

import importlib
import importlib.metadata
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(;[^\\]*)?")
_MODULES = ("ray", "ray.data", "ray.train", "torch", "timm", "open_clip", "faiss", "gcsfs")
_JOBS = ("fit_teacher", "generate", "train", "evaluate", "verify", "convert", "report")


def pins(lock: Path) -> dict[str, str]:
    """Version of each package that a lock file names without a condition."""
    found = (_PIN.match(line) for line in lock.read_text().splitlines())
    return {own[1].lower().replace("_", "-"): own[2] for own in found if own and not own[3]}


def faults(lock: Path) -> Iterator[str]:
    """What is wrong with the image, one line each."""
    if os.getuid() == 0:
        yield "runs as root; expected the user ray"
    for name, version in pins(lock).items():
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed = "nothing"
        if installed != version:
            yield f"{name}: {installed} is installed; expected {version}"
    for module in _MODULES:
        try:
            importlib.import_module(module)
        except ImportError as error:
            yield f"{module} does not import ({error})"
    names = {own.metadata["Name"].lower() for own in importlib.metadata.distributions()}
    if {"faiss-cpu", "faiss-gpu"} <= names:
        yield "faiss-cpu and faiss-gpu are both installed; expected one of them"
    for job in _JOBS:
        done = subprocess.run([sys.executable, f"jobs/{job}.py", "--help"], capture_output=True)
        if done.returncode:
            yield f"jobs/{job}.py --help ends with code {done.returncode}"


def main() -> int:
    """Print every fault; 0 where there is none."""
    found = list(faults(Path(sys.argv[1])))
    for fault in found:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
