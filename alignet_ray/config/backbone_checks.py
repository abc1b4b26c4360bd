"""Which fields of a recorded backbone cannot be meant: records come from other people too.

A field of another type would end in a fault far from here, and one that is far too large in memory
that no machine has.
"""

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from alignet_ray.config.layers import is_representation

if TYPE_CHECKING:
    from alignet_ray.config.backbone import Preprocessing, ResolvedBackbone

MOST_SIDE = 8192
"""Pixels of the square that an image is resized to before its centre is cut out."""
MOST_DIM = 1 << 20
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")
RESIZES = ("crop", "squash")

_SHA256 = re.compile(r"[0-9a-f]+")
_CHANNELS = 3


def wrong_fields(backbone: "ResolvedBackbone") -> list[str]:
    """The fields that hold no such thing, each with the beginning of its value."""
    checks = {
        "name": isinstance(backbone.name, str),
        "model_args": all(isinstance(a, str) and "=" in a for a in backbone.model_args),
        "representation": _is_text(backbone.representation)
        and is_representation(backbone.representation),
        "dim": isinstance(backbone.dim, int) and 0 < backbone.dim <= MOST_DIM,
        "weights_sha256": _is_text(backbone.weights_sha256)
        and bool(_SHA256.fullmatch(backbone.weights_sha256)),
        "random_init": isinstance(backbone.random_init, bool),
        "checkpoint": backbone.checkpoint is None or isinstance(backbone.checkpoint, str),
    }
    wrong = [_shown(backbone, name) for name, is_right in checks.items() if not is_right]
    pixels = backbone.preprocessing
    return wrong + [f"preprocessing.{_shown(pixels, name)}" for name in _wrong_pixels(pixels)]


def _shown(record: object, name: str) -> str:
    return f"{name} {getattr(record, name)!r:.60}"


def _wrong_pixels(pixels: "Preprocessing") -> Iterator[str]:
    if pixels.resize not in RESIZES:
        yield "resize"
    if pixels.interpolation not in INTERPOLATIONS:
        yield "interpolation"
    for name in ("mean", "std"):
        values = getattr(pixels, name)
        are_numbers = len(values) == _CHANNELS and all(map(_is_number, values))
        if not are_numbers or (name == "std" and min(values) <= 0):
            yield name
    if not isinstance(pixels.resolution, int) or pixels.resolution < 1:
        yield "resolution"
    elif not _is_number(pixels.crop_fraction) or pixels.crop_fraction <= 0:
        yield "crop_fraction"
    elif max(pixels.resolution, pixels.resolution / pixels.crop_fraction) > MOST_SIDE:
        yield "resolution"
        yield "crop_fraction"


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
