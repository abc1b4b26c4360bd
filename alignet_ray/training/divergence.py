"""A training that has left the finite numbers: said in one line, before any of it is written."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from alignet_ray.errors import InputError
from alignet_ray.records.checkpoints import CHECKPOINTS_FOLDER, read_checkpoints, step_name
from alignet_ray.records.store import Folder

_SHOWN = 3


def refuse_divergence(folder: Folder, step: int, figures: Mapping[str, Any]) -> None:
    """Raise InputError for figures of a step, nested or not, that are not all finite.

    It names the last checkpoint in the output folder, if there is one.
    """
    wrong = [(name, value) for name, value in _numbers(figures, "") if not math.isfinite(value)]
    if wrong:
        raise InputError(
            ", ".join(f"{name} {value}" for name, value in wrong[:_SHOWN]), "finite numbers",
            f"step {step}", _remedy(folder, step),
        )  # fmt: skip


def refuse_broken_weights(folder: Folder, step: int, weights: Mapping[str, Tensor]) -> None:
    """Raise InputError for a student that holds NaN or infinity: no figure is made after its last
    update.
    """
    for name, tensor in weights.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise InputError(f"{name} holds NaN or infinity", "finite numbers",
                             f"the weights after step {step}", _remedy(folder, step))  # fmt: skip


def _numbers(figures: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, float]]:
    for name, value in figures.items():
        words = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{words} ")
        elif isinstance(value, int | float):
            yield words, value


def _remedy(folder: Folder, step: int) -> str:
    kept = [own.step for own in read_checkpoints(folder) if own.step <= step]
    last = ""
    if kept:
        place = folder.place(f"{CHECKPOINTS_FOLDER}/{step_name(kept[-1])}")
        last = f" The last checkpoint is {place}."
    return "Lower --learning-rate and give another --output, or check the student's weights." + last
