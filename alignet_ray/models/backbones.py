"""Loads any timm or open_clip vision backbone, its weights and its representation.

A `Backbone` takes uint8 pixels and gives float32 representations; mean and standard deviation
are applied inside, so that pixels travel as bytes. Weights are never unpickled as code.
"""

from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from alignet_ray.config.backbone import (
    OPEN_CLIP_PREFIX,
    BackboneConfig,
    Preprocessing,
    PreprocessingConfig,
    ResolvedBackbone,
)
from alignet_ray.config.layers import Representation, block_number
from alignet_ray.errors import InputError
from alignet_ray.models.inner_blocks import inner_block, refuse_missing_block
from alignet_ray.models.open_clip_models import (
    create_open_clip,
    open_clip_representation,
    refuse_unknown_open_clip,
)
from alignet_ray.models.timm_models import create_timm, refuse_unknown_timm, timm_representation
from alignet_ray.models.weights import weights_sha256

ALIGNET_PREPROCESSING = Preprocessing(
    resolution=224,
    resize="squash",
    crop_fraction=1.0,
    interpolation="bicubic",
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
)

# Random initialisation is drawn under one seed, so that every worker has the same weights and an
# initial student can be had again.
_INITIALISATION_SEED = 0


class Backbone(nn.Module):
    """Pixels to representations: mean and std, the trunk, and the right layer."""

    mean: Tensor
    std: Tensor

    def __init__(self, trunk: nn.Module, resolved: ResolvedBackbone) -> None:
        super().__init__()
        self.trunk = trunk
        self.resolved = resolved
        pixels = resolved.preprocessing
        self.register_buffer("mean", torch.tensor(pixels.mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(pixels.std).view(3, 1, 1), persistent=False)

    def forward(self, pixels: UInt8[Tensor, "batch side side 3"]) -> Float[Tensor, "batch dim"]:
        """Representations in the model's own precision, float32 at least."""
        channels_first = pixels.permute(0, 3, 1, 2).to(self.mean.dtype) / 255
        normalised = (channels_first - self.mean) / self.std
        output = represent(self.trunk, normalised, self.resolved.representation)
        return output.to(torch.promote_types(output.dtype, torch.float32))


def represent(trunk: nn.Module, images: Tensor, representation: Representation) -> Tensor:
    """The trunk's representation of normalised images (method: section 3, backbone)."""
    if representation == "output":
        output = trunk(images)
        # Towers of captioning models (CoCa) give their tokens for the decoder as well.
        return output[0] if isinstance(output, tuple) else output
    block = block_number(representation)
    if block is not None:
        return inner_block(trunk, images, block)
    timm_model: Any = trunk
    return timm_model.forward_head(timm_model.forward_features(images), pre_logits=True)


def refuse_unknown_backbone(config: BackboneConfig) -> None:
    """Raise InputError for a model that its library does not know; nothing is built or loaded.

    Plug-ins have to be imported before.
    """
    if config.name.startswith(OPEN_CLIP_PREFIX):
        refuse_unknown_open_clip(config)
    else:
        refuse_unknown_timm(config)


def load_backbone(config: BackboneConfig, *, expected_sha256: str | None = None) -> Backbone:
    """The backbone in evaluation mode with its weights.

    Raises InputError for an unknown name, weights that cannot be had or do not fit, or weights
    that are not those `expected_sha256` names.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_INITIALISATION_SEED)
        if config.name.startswith(OPEN_CLIP_PREFIX):
            trunk, native = create_open_clip(config)
            representation = open_clip_representation(config)
        else:
            trunk, native = create_timm(config)
            representation = timm_representation(config, trunk)
    trunk.eval()
    checksum = weights_sha256(trunk)
    if expected_sha256 is not None and checksum != expected_sha256:
        raise InputError(
            f"weights with SHA-256 {checksum[:12]}",
            f"the weights {expected_sha256[:12]} that the record names",
            config.checkpoint or config.name,
            "Give the right file with --checkpoint.",
        )
    pixels = resolve_preprocessing(config.preprocessing, native)
    resolved = ResolvedBackbone(
        name=config.name,
        model_args=config.model_args,
        representation=representation,
        preprocessing=pixels,
        dim=0,
        weights_sha256=checksum,
        random_init=config.random_init,
        checkpoint=config.checkpoint,
    )
    return Backbone(trunk, replace(resolved, dim=_measure_dim(trunk, resolved)))


def _measure_dim(trunk: nn.Module, resolved: ResolvedBackbone) -> int:
    side = resolved.preprocessing.resolution
    images = torch.zeros(1, 3, side, side)
    block = block_number(resolved.representation)
    try:
        with torch.no_grad():
            if block is not None:
                refuse_missing_block(trunk, images, block, resolved.name)
            output = represent(trunk, images, resolved.representation)
    except (AssertionError, RuntimeError) as error:
        raise InputError(
            f"fails on {side} px ({error})", "a resolution that the model takes", resolved.name,
            "Set --preprocessing.resolution or model_args img_size=...",
        ) from error  # fmt: skip
    return int(output.shape[-1])


def resolve_preprocessing(asked: PreprocessingConfig, native: Preprocessing) -> Preprocessing:
    """The preset or the backbone's own, with every given field in its place."""
    base = ALIGNET_PREPROCESSING if asked.preset == "alignet" else native
    given = {
        name: value for name, value in vars(asked).items() if name != "preset" and value is not None
    }
    if asked.resize == "squash":
        given.setdefault("crop_fraction", 1.0)  # the whole image was asked for
    return replace(base, **given)
