"""A command run to its end while somebody looks at how much memory its processes take.

The driver of a job and the Ray workers that it starts are told apart: one may grow with the
images, the others must not. What counts is VmHWM of each, the most that it has ever had.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_LOOK_SECONDS = 0.25
_WORKER = "ray::"
_MIB = 1024


@dataclass(kw_only=True)
class Watched:
    """Seconds of a command, and the peaks of its processes in MiB; `others` are Ray's own."""

    seconds: float = 0.0
    driver_mib: float = 0.0
    worker_mib: float = 0.0
    others_mib: float = 0.0
    lines: list[str] = field(default_factory=list[str])


def watched(*command: object) -> Watched:
    """Run a Python script with its arguments; what it prints is kept as lines.

    Raises CalledProcessError where it fails.
    """
    found, started = Watched(), time.monotonic()
    asked = [sys.executable, *map(str, command)]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            _look(found, process.pid)
            time.sleep(_LOOK_SECONDS)
        assert process.stdout is not None
        found.lines = process.stdout.read().splitlines()
    found.seconds = time.monotonic() - started
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, asked)
    return found


def _look(found: Watched, driver: int) -> None:
    for pid in _family(driver):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            title, peak = _title(pid), _peak_mib(pid)
            if pid == driver:
                found.driver_mib = max(found.driver_mib, peak)
            elif title.startswith(_WORKER):
                found.worker_mib = max(found.worker_mib, peak)
            else:
                found.others_mib = max(found.others_mib, peak)


def _family(driver: int) -> Iterator[int]:
    """A process and all that it and its children started."""
    parents = dict(_parents())
    yield driver
    for pid in parents:
        ancestor = pid
        while ancestor in parents and ancestor != driver:
            ancestor = parents[ancestor]
        if ancestor == driver and pid != driver:
            yield pid


def _parents() -> Iterator[tuple[int, int]]:
    """(process, its parent) of all that run."""
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                # The second field is the name in parentheses, which may hold spaces.
                after_name = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2]
                yield int(name), int(after_name.split()[1])


def _title(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")


def _peak_mib(pid: int) -> float:
    """VmHWM; 0 for a process that has ended and is not yet waited for."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / _MIB
    return 0.0
