"""What the benchmarks share: one thread, ways timed in turns, and the peak memory of a process.

Times drift on a busy machine, so no figure stands alone: ways are timed in turns in one run
(A B A B ...), and what is reported is the ratio inside each turn. CPU seconds beside the wall's
say how much of a difference was computing, and how much waiting for a disk or for other work.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One way's seconds of each turn, by the clock and of this process's CPU."""

    name: str
    seconds: tuple[float, ...]
    cpu_seconds: tuple[float, ...]

    def ratio_to(self, other: "Timing") -> float:
        """Median over the turns of this way's seconds over the other's."""
        return _median_ratio(self.seconds, other.seconds)

    def cpu_ratio_to(self, other: "Timing") -> float:
        """The same of CPU seconds."""
        return _median_ratio(self.cpu_seconds, other.cpu_seconds)

    def line(self) -> str:
        """Median, least and most seconds, and median CPU seconds."""
        median, cpu = statistics.median(self.seconds), statistics.median(self.cpu_seconds)
        span = f"{min(self.seconds):8.4f} .. {max(self.seconds):8.4f}"
        return f"  {self.name:32} {median:8.4f} s  ({span})  CPU {cpu:8.4f} s"


def _median_ratio(mine: Sequence[float], others: Sequence[float]) -> float:
    return statistics.median(left / right for left, right in zip(mine, others, strict=True))


def ratio_line(mine: Timing, other: Timing, claim: str = "") -> str:
    """One line that compares two ways."""
    ratio = f"{mine.ratio_to(other):.2f} (CPU {mine.cpu_ratio_to(other):.2f})"
    return f"  {mine.name} / {other.name} = {ratio}" + (f"; claim: {claim}" if claim else "")


def parser_of(docstring: str | None) -> argparse.ArgumentParser:
    """A parser whose help says the claim, the first paragraph of a script's docstring."""
    return argparse.ArgumentParser(description=(docstring or "").split("\n\n")[0])


def use_one_thread() -> None:
    """Start this script again with one thread for each library, unless it was started so.

    Libraries read these variables when they are loaded: setting them later changes nothing.
    """
    if all(os.environ.get(name) == "1" for name in _THREAD_VARIABLES):
        return
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.argv])


def in_turns(ways: Mapping[str, Callable[[], object]], repeats: int) -> list[Timing]:
    """Each way once to warm up, then all of them `repeats` times in turns."""
    for way in ways.values():
        way()
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            start, cpu_start = time.perf_counter(), time.process_time()
            way()
            taken[name].append((time.perf_counter() - start, time.process_time() - cpu_start))
    return [
        Timing(name=name, seconds=seconds, cpu_seconds=cpu_seconds)
        for name, (seconds, cpu_seconds) in ((n, zip(*t, strict=True)) for n, t in taken.items())
    ]


def peak_memory_mib() -> float:
    """Most resident memory that this process has had, in MiB.

    Read from /proc and not from getrusage, whose figure a child inherits from its parent.
    """
    with open("/proc/self/status") as status:
        fields = dict(line.split(":", 1) for line in status)
    return int(fields["VmHWM"].split()[0]) / 1024


def in_fresh_process(script: str, *arguments: object) -> dict[str, Any]:
    """The JSON object that a script prints as its last line, run in a process of its own."""
    command = [sys.executable, script, *map(str, arguments)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(printed.splitlines()[-1])
