"""Representations from inside a backbone: one of its blocks or stages, averaged over places.

timm and open_clip both give these by `forward_intermediates`; a block of a vision transformer
without its CLS and register tokens, a stage of a convolutional network as it is.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from alignet_ray.errors import InputError

_OF_OPEN_CLIP = "image_intermediates"


class NoSuchBlock(InputError):
    """A backbone has no inner blocks to look at, or fewer."""


def inner_block(
    trunk: nn.Module, images: Float[Tensor, "batch 3 side side"], block: int
) -> Float[Tensor, "batch dim"]:
    """Mean over all places of the block's output, in float32 at least; what is behind it is not
    run.
    """
    (found,) = _features(trunk, images, [block])
    exact = found.to(torch.promote_types(found.dtype, torch.float32))
    return exact.flatten(2).mean(dim=2)


def refuse_missing_block(
    trunk: nn.Module, images: Float[Tensor, "batch 3 side side"], block: int, name: str
) -> None:
    """Raise NoSuchBlock where the backbone of that name has no such block."""
    if not hasattr(trunk, "forward_intermediates"):
        raise NoSuchBlock(
            "no inner blocks that can be looked at", "a model with forward_intermediates", name,
            "Leave block:N out for this model.",
        )  # fmt: skip
    count = len(_features(trunk, images, None))
    if block >= count:
        raise NoSuchBlock(
            f"no block:{block} among its {count}", f"block:0 to block:{count - 1}", name
        )


def _features(trunk: nn.Module, images: Tensor, blocks: Sequence[int] | None) -> list[Tensor]:
    library_model: Any = trunk
    chosen = None if blocks is None else list(blocks)
    found = library_model.forward_intermediates(
        images, indices=chosen, stop_early=True, intermediates_only=True
    )
    return found[_OF_OPEN_CLIP] if isinstance(found, dict) else found
