"""How long each stage of a call took."""

import contextlib
import time
from collections.abc import Generator


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
