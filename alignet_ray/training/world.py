"""The ranks that train together, as an argument: nothing else here asks the runtime."""

from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed
from torch import Tensor

Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class World:
    """A worker's rank among `size`, and its device."""

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def is_first(self) -> bool:
        """Whether this rank writes and speaks for all."""
        return self.rank == 0

    def sum(self, values: Tensor) -> Tensor:
        """The sum of a tensor over the ranks."""
        if self.size > 1:
            values = values.clone()
            torch.distributed.all_reduce(values)
        return values

    def from_first(self, value: Value) -> Value:
        """Rank 0's value of a small object, on every rank."""
        if self.size == 1:
            return value
        box = [value]
        torch.distributed.broadcast_object_list(box, src=0, device=torch.device(self.device))
        return box[0]


class Agreement:
    """Whether any rank wishes to stop: asked at one step and answered at the next.

    The question travels while the step between is computed, so that nobody waits for an answer.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._asked: tuple[Tensor, torch.distributed.Work] | None = None

    def reached(self, wish: bool) -> bool:
        """Whether any rank had the wish at the call before; the same answer on every rank.

        A lone rank agrees with itself at once.
        """
        if self._world.size == 1:
            return wish
        answer = self.close()
        wishes = torch.tensor([float(wish)], device=self._world.device)
        work = torch.distributed.all_reduce(wishes, async_op=True)
        assert work is not None
        self._asked = wishes, work
        return answer

    def close(self) -> bool:
        """The answer to the last question; no question is left on its way."""
        if self._asked is None:
            return False
        wishes, work = self._asked
        self._asked = None
        work.wait()
        return bool(wishes.item() > 0)
