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
