"""What rank 0 and the driver tell each other while Ray Train runs: an observer across processes."""

import time
from dataclasses import dataclass
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

_ASK_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class News:
    """What has come since the driver looked last."""

    first_step: int | None
    """How many steps were done when training began; None before it does."""
    steps: int
    text: str
    lines: list[str]
    nodes: list[str]
    """Nodes of Ray that workers run on."""


class Board:
    """Where rank 0 leaves what the driver shows, and the driver that training should stop."""

    def __init__(self) -> None:
        self._first_step: int | None = None
        self._steps = 0
        self._text = ""
        self._lines: list[str] = []
        self._nodes: list[str] = []
        self._is_stopping = False

    def join(self, node: str) -> None:
        """A worker runs on this node."""
        self._nodes.append(node)

    def begin(self, step: int) -> None:
        """Training begins, or goes on, after so many steps."""
        self._first_step = step

    def advance(self, steps: int, text: str) -> None:
        """So many more steps are done; the last one's figures as words."""
        self._steps += steps
        self._text = text

    def say(self, line: str) -> None:
        """A line for the user."""
        self._lines.append(line)

    def stop(self) -> None:
        """Training should keep what it has and stop."""
        self._is_stopping = True

    def is_stopping(self) -> bool:
        """Whether it should."""
        return self._is_stopping

    def take(self) -> News:
        """What has come since the last call."""
        news = News(
            first_step=self._first_step,
            steps=self._steps,
            text=self._text,
            lines=self._lines,
            nodes=self._nodes,
        )
        self._steps, self._lines = 0, []
        return news


def make_board() -> Any:
    """A board beside the driver, so that it is lost with no node but the driver's own."""
    here: Any = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(num_cpus=0, scheduling_strategy=here)(Board).remote()


class BoardObserver:
    """A worker's observer: writes to the board, and asks it now and then without waiting.

    Only rank 0 asks: what one rank wishes, all agree to.
    """

    def __init__(self, board: Any, *, asks: bool) -> None:
        self._board = board
        self._asks = asks
        self._asked: Any = None
        self._asked_at = -_ASK_SECONDS
        self._is_stopping = False
        board.join.remote(ray.get_runtime_context().get_node_id())

    def begin(self, step: int) -> None:
        self._board.begin.remote(step)

    def advance(self, steps: int, text: str = "") -> None:
        self._board.advance.remote(steps, text)

    def say(self, line: str) -> None:
        self._board.say.remote(line)

    def is_stopping(self) -> bool:
        if self._asks and not self._is_stopping:
            self._ask()
        return self._is_stopping

    def _ask(self) -> None:
        now = time.monotonic()
        if self._asked is None and now - self._asked_at >= _ASK_SECONDS:
            self._asked, self._asked_at = self._board.is_stopping.remote(), now
        if self._asked is not None and ray.wait([self._asked], timeout=0)[0]:
            self._is_stopping = bool(ray.get(self._asked))
            self._asked = None
