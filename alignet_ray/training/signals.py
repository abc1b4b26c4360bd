"""SIGTERM and Ctrl-C as a wish to stop: the first is kept for whoever looks, a later one ends at
once.

Preemption, `ray job stop` and batch systems all send SIGTERM some time before they kill. `timeout`
sends it twice within microseconds, to the job and to its group, and means one.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Generator
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_ONE_WISH_SECONDS = 2.0


class StopWish:
    """Whether somebody has asked this process to stop."""

    def __init__(self, one_wish_seconds: float) -> None:
        self._one_wish_seconds = one_wish_seconds
        self._since: float | None = None

    @property
    def is_there(self) -> bool:
        """Whether a signal was heard."""
        return self._since is not None

    def hear(self, _number: int, _frame: FrameType | None) -> None:
        """A handler of signals. Raises KeyboardInterrupt at one that comes after the first."""
        if self._since is None:
            self._since = time.monotonic()
        elif time.monotonic() - self._since >= self._one_wish_seconds:
            raise KeyboardInterrupt


@contextlib.contextmanager
def stop_wish(one_wish_seconds: float = _ONE_WISH_SECONDS) -> Generator[StopWish]:
    """Hear SIGTERM and Ctrl-C; only a process's main thread can.

    Signals that come within `one_wish_seconds` of the first are one wish.
    """
    wish = StopWish(one_wish_seconds)
    if threading.current_thread() is not threading.main_thread():
        yield wish
        return
    before = {number: signal.signal(number, wish.hear) for number in _SIGNALS}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
