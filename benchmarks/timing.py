"""What the benchmarks share: one thread, ways timed in turns, and the peak memory of a process.

Times drift on a busy machine, so no figure stands alone: ways are timed in turns in one run
(A B A B ...), and what is reported is the ratio inside each turn.
"""

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
    """Seconds of one way, turn by turn."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median seconds of a turn."""
        return statistics.median(self.seconds)

    def ratio_to(self, other: "Timing") -> float:
        """Median over the turns of this way's time over the other's."""
        pairs = zip(self.seconds, other.seconds, strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)


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
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    return [Timing(name=name, seconds=tuple(taken)) for name, taken in seconds.items()]


def table_of(timings: Sequence[Timing]) -> str:
    """One line a way: median, least and greatest seconds of a turn."""
    width = max(len(timing.name) for timing in timings)
    head = f"{'':{width}}  {'median s':>9}  {'least s':>9}  {'most s':>9}"
    lines = [
        f"{t.name:{width}}  {t.median:9.4f}  {min(t.seconds):9.4f}  {max(t.seconds):9.4f}"
        for t in timings
    ]
    return "\n".join([head, *lines])


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
