"""SIGTERM and Ctrl-C as a wish to stop: the first is kept for whoever looks, a second ends at once.

Preemption, `ray job stop` and batch systems all send SIGTERM some time before they kill.
"""

import contextlib
import signal
import threading
from collections.abc import Generator
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopWish:
    """Whether somebody has asked this process to stop."""

    def __init__(self) -> None:
        self.is_there = False

    def hear(self, _number: int, _frame: FrameType | None) -> None:
        """A handler of signals. Raises KeyboardInterrupt from the second one on."""
        if self.is_there:
            raise KeyboardInterrupt
        self.is_there = True


@contextlib.contextmanager
def stop_wish() -> Generator[StopWish]:
    """Hear SIGTERM and Ctrl-C; only a process's main thread can."""
    wish = StopWish()
    if threading.current_thread() is not threading.main_thread():
        yield wish
        return
    before = {number: signal.signal(number, wish.hear) for number in _SIGNALS}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
