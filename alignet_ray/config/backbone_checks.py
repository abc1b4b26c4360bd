"""Which fields of a recorded backbone cannot be meant: records come from other people too.

A field of another type would end in a fault far from here, and one that is far too large in memory
that no machine has.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from alignet_ray.config.layers import is_representation

if TYPE_CHECKING:
    from alignet_ray.config.backbone import ResolvedBackbone

MOST_SIDE = 8192
"""Pixels of the square that an image is resized to before its centre is cut out."""
MOST_DIM = 1 << 20
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")
RESIZES = ("crop", "squash")

_SHA256 = re.compile(r"[0-9a-f]+")
_CHANNELS = 3


def wrong_fields(backbone: "ResolvedBackbone") -> list[str]:
    """The fields that hold no such thing, each with the beginning of its value."""
    found: dict[str, Any] = vars(backbone)  # JSON knows nothing of the types that are declared
    checks = {
        "name": _is_text(found["name"]),
        "model_args": all(_is_text(a) and "=" in a for a in found["model_args"]),
        "representation": _is_text(found["representation"])
        and is_representation(found["representation"]),
        "dim": _is_count(found["dim"]) and found["dim"] <= MOST_DIM,
        "weights_sha256": _is_text(found["weights_sha256"])
        and bool(_SHA256.fullmatch(found["weights_sha256"])),
        "random_init": isinstance(found["random_init"], bool),
        "checkpoint": found["checkpoint"] is None or _is_text(found["checkpoint"]),
    }
    pixels: dict[str, Any] = vars(backbone.preprocessing)
    return [
        *(_shown(found, name) for name, is_right in checks.items() if not is_right),
        *(f"preprocessing.{_shown(pixels, name)}" for name in _wrong_pixels(pixels)),
    ]


def _shown(record: Mapping[str, Any], name: str) -> str:
    return f"{name} {record[name]!r:.60}"


def _wrong_pixels(pixels: Mapping[str, Any]) -> Iterator[str]:
    if pixels["resize"] not in RESIZES:
        yield "resize"
    if pixels["interpolation"] not in INTERPOLATIONS:
        yield "interpolation"
    for name in ("mean", "std"):
        values = pixels[name]
        are_numbers = len(values) == _CHANNELS and all(map(_is_number, values))
        if not are_numbers or (name == "std" and min(values) <= 0):
            yield name
    resolution, fraction = pixels["resolution"], pixels["crop_fraction"]
    if not _is_count(resolution):
        yield "resolution"
    elif not _is_number(fraction) or fraction <= 0:
        yield "crop_fraction"
    elif max(resolution, resolution / fraction) > MOST_SIDE:
        yield "resolution"
        yield "crop_fraction"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and value > 0


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
