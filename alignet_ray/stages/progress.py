"""Progress on long work: a bar with rate and time left, or plain lines where nobody watches."""

import contextlib
import sys
import time
from collections.abc import Callable, Generator, Iterator
from typing import Protocol, runtime_checkable

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

Say = Callable[[str], None]

_LINE_SECONDS = 30.0


@runtime_checkable
class Advance(Protocol):
    """Counts finished items; a text says how the work goes beside the numbers."""

    def __call__(self, count: int, text: str = "", /) -> None: ...


class _RateColumn(ProgressColumn):
    """Items a second, in the items' own unit."""

    def render(self, task: Task) -> Text:
        rate = task.finished_speed or task.speed
        unit = task.fields.get("unit", "")
        return Text(f"{rate:,.1f} {unit}/s" if rate else f"- {unit}/s", style="dim")


def note(line: str, *, is_shown: bool = True) -> None:
    """Say on standard error what is waited for, before it takes its time."""
    if is_shown:
        sys.stderr.write(f"{line} ...\n")
        sys.stderr.flush()


@contextlib.contextmanager
def progress(
    label: str, total: int, unit: str, *, is_shown: bool = True, done: int = 0
) -> Generator[Advance]:
    """A function that counts finished items beyond the `done` ones; the display goes to standard
    error.
    """
    if not is_shown or total == 0:
        yield lambda _count, _text="": None
    elif sys.stderr.isatty():
        yield from _bar(label, total, unit, done)
    else:
        yield _line_printer(label, total, unit, done)


def _bar(label: str, total: int, unit: str, done: int) -> Iterator[Advance]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[text]}", style="dim"),
    )
    with Progress(*columns, console=Console(stderr=True)) as display:
        task = display.add_task(label, total=total, completed=done, unit=unit, text="")

        def advance(count: int, text: str = "", /) -> None:
            display.update(task, advance=count, text=text)

        yield advance


def _line_printer(label: str, total: int, unit: str, done: int) -> Advance:
    started = time.monotonic()
    state = {"done": done, "printed": started}

    def advance(count: int, text: str = "", /) -> None:
        if count == 0:
            return
        state["done"] += count
        now = time.monotonic()
        if state["done"] >= total or now - state["printed"] >= _LINE_SECONDS:
            state["printed"] = now
            rate = (state["done"] - done) / max(now - started, 1e-9)
            left = (total - state["done"]) / rate if rate else 0
            sys.stderr.write(
                f"{label}: {state['done']:,} of {total:,} {unit}, {rate:,.1f} {unit}/s, "
                f"{left:,.0f} s left{f'; {text}' if text else ''}\n"
            )

    return advance


@contextlib.contextmanager
def status(label: str, *, is_shown: bool = True) -> Generator[Say]:
    """A function that says how work of unknown length goes, on one line that is written over."""
    if not is_shown:
        yield lambda _text: None
    elif sys.stderr.isatty():
        with Console(stderr=True).status(label) as display:
            yield lambda text: display.update(f"{label}: {text}")
    else:
        yield _status_printer(label)


def _status_printer(label: str) -> Say:
    state = {"printed": -_LINE_SECONDS}

    def say(text: str) -> None:
        now = time.monotonic()
        if now - state["printed"] >= _LINE_SECONDS:
            state["printed"] = now
            sys.stderr.write(f"{label}: {text}\n")

    return say
