"""The linear head that a student was trained through: `head.safetensors` beside its weights.

The student is the trunk without it; the head is kept so that the loss can be had again.
"""

from collections.abc import Mapping

import safetensors.torch
from torch import Tensor

from alignet_ray.records.store import Folder
from alignet_ray.records.tensors import unreadable_tensors

HEAD_NAME = "head.safetensors"


def write_head(folder: Folder, weights: Mapping[str, Tensor]) -> None:
    """Write the head's weight and bias; before the student's JSON, which says that all is there."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    folder.write(HEAD_NAME, safetensors.torch.save(state))


def read_head(folder: Folder) -> dict[str, Tensor] | None:
    """The head's weights; None for a student that had none. Raises RecordError if broken."""
    if not folder.exists(HEAD_NAME):
        return None
    data = folder.read(HEAD_NAME)
    with unreadable_tensors(folder.place(HEAD_NAME), "Export the student again."):
        return safetensors.torch.load(data)
