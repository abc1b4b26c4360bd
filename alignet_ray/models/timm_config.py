"""timm's own description of a model, so that timm builds it from a folder without our help.

`timm.create_model("local-dir:FOLDER", pretrained=True)` reads `config.json` and
`model.safetensors` there, and a repository on the Hugging Face hub has the same two files.
"""

from collections.abc import Mapping
from typing import Any, Literal

import timm
from torch import nn

from alignet_ray.config.backbone import OPEN_CLIP_PREFIX, Preprocessing
from alignet_ray.models.backbones import Backbone

TIMM_CONFIG_NAME = "config.json"

Library = Literal["timm", "open_clip", "plug-in"]

_KEPT = ("fixed_input_size", "pool_size", "first_conv")


def timm_config(backbone: Backbone) -> dict[str, Any] | None:
    """What timm wants to know of the backbone; None for a model that is not timm's.

    A model of the user's own is described too: timm knows it where its plug-in is imported.
    """
    name = backbone.resolved.name
    native = getattr(backbone.trunk, "pretrained_cfg", None)
    if name.startswith(OPEN_CLIP_PREFIX) or not native:
        return None
    architecture, _, tag = name.partition(".")
    num_classes = int(getattr(backbone.trunk, "num_classes", 0))
    pretrained = {
        "tag": tag or "aligned",
        "custom_load": False,
        **{key: native[key] for key in _KEPT if native.get(key) is not None},
        **_classifier(backbone.trunk, native),
        **_pixels(backbone.resolved.preprocessing),
        "num_classes": num_classes,
    }
    return {
        "architecture": architecture,
        "num_classes": num_classes,
        "num_features": backbone.resolved.dim,
        "model_args": backbone.resolved.as_config().arguments(),
        "pretrained_cfg": pretrained,
    }


def _classifier(trunk: nn.Module, native: Mapping[str, Any]) -> dict[str, Any]:
    """The classifier's name, which timm must know to leave it out at `num_classes=0`; a model of
    the user's own may not say it.
    """
    name = native.get("classifier")
    if name is None and hasattr(trunk, "get_classifier"):
        timm_model: Any = trunk
        module = timm_model.get_classifier()
        name = next((n for n, own in trunk.named_modules() if n and own is module), None)
    return {} if name is None else {"classifier": name}


def _pixels(preprocessing: Preprocessing) -> dict[str, Any]:
    side = preprocessing.resolution
    return {
        "input_size": [3, side, side],
        "crop_pct": preprocessing.crop_fraction,
        "crop_mode": "squash" if preprocessing.resize == "squash" else "center",
        "interpolation": preprocessing.interpolation,
        "mean": list(preprocessing.mean),
        "std": list(preprocessing.std),
    }


def library_of(name: str) -> Library:
    """Whose the architecture is; a plug-in's must be imported for timm to know it."""
    if name.startswith(OPEN_CLIP_PREFIX):
        return "open_clip"
    architecture = name.partition(".")[0]
    if not timm.is_model(architecture):
        return "plug-in"
    home = timm.model_entrypoint(architecture).__module__
    return "timm" if home.split(".")[0] == "timm" else "plug-in"
