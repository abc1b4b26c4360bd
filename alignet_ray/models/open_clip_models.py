"""Vision towers that open_clip names, `open_clip:NAME/TAG`; their text towers are left behind."""

import difflib
import logging
from typing import Any

from torch import nn

from alignet_ray.config.backbone import OPEN_CLIP_PREFIX, BackboneConfig, Preprocessing
from alignet_ray.config.layers import AUTO, OUTPUT, PRE_LOGITS, Representation
from alignet_ray.errors import InputError
from alignet_ray.models.weights import load_weights, no_download, refuse_loader_arguments


def create_open_clip(config: BackboneConfig) -> tuple[nn.Module, Preprocessing]:
    """The vision tower and its own preprocessing. Raises InputError for what cannot be had."""
    import open_clip  # seconds of import that timm users need not wait for

    name, _, tag = config.name.removeprefix(OPEN_CLIP_PREFIX).partition("/")
    if name not in open_clip.list_models():
        near = difflib.get_close_matches(name, open_clip.list_models(), n=3)
        hint = f"Did you mean {', '.join(near)}?" if near else ""
        raise InputError(
            f"no model named {name!r}", "a name that open_clip knows", "backbone", hint
        )
    wants_hub = not config.random_init and config.checkpoint is None
    of_tag: dict[str, Any] = open_clip.get_pretrained_cfg(name, tag) if tag else {}
    if wants_hub and not of_tag:  # open_clip takes any other word for a file, and would load it
        raise InputError(
            f"no pretrained tag {tag!r}" if tag else "no pretrained tag", f"open_clip:{name}/TAG",
            config.name,
            f"Tags: {', '.join(open_clip.list_pretrained_tags_by_model(name)) or 'none'}.",
        )  # fmt: skip
    if not config.random_init:
        _refuse_other_activation(config.name, open_clip.get_model_config(name) or {}, of_tag)
    model = _create(config, name, tag if wants_hub else None)
    visual: nn.Module = model.visual
    if config.checkpoint is not None:
        load_weights(visual, config.checkpoint, prefix="visual.")
    return visual, _preprocessing({**open_clip.get_model_preprocess_cfg(model), **of_tag})


def open_clip_representation(config: BackboneConfig) -> Representation:
    """The layer that is asked for, or the tower's output. Raises InputError for `pre_logits`."""
    if config.representation == PRE_LOGITS:
        raise InputError(
            f"{PRE_LOGITS} of a tower without a classifier", f"`{OUTPUT}` or an inner block",
            config.name, "Leave --representation out.",
        )  # fmt: skip
    return OUTPUT if config.representation == AUTO else config.representation


def _create(config: BackboneConfig, name: str, tag: str | None) -> Any:
    import open_clip

    refuse_loader_arguments(config, open_clip.create_model)
    # Weights of ours follow where open_clip is asked for none; it would warn that it has none.
    logging.getLogger().addFilter(_is_worth_reading)
    try:
        return open_clip.create_model(name, pretrained=tag, **config.arguments())
    except Exception as error:
        if tag is not None:
            raise no_download(config.name, error) from error
        raise InputError(str(error), "arguments that the model takes", config.name) from error
    finally:
        logging.getLogger().removeFilter(_is_worth_reading)


def _is_worth_reading(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("No pretrained weights loaded")


def _refuse_other_activation(place: str, model: dict[str, Any], of_tag: dict[str, Any]) -> None:
    """Weights trained with QuickGELU are others under GELU; open_clip only warns of it."""
    wanted = of_tag.get("quick_gelu", False)
    if of_tag and wanted != model.get("quick_gelu", False):
        name, _, tag = place.partition("/")
        other = f"{name}-quickgelu/{tag}" if wanted else place.replace("-quickgelu", "")
        raise InputError(
            f"weights that were trained {'with' if wanted else 'without'} QuickGELU",
            "the same activation in the model", place, f"Its name is {other}.",
        )  # fmt: skip


def _preprocessing(native: dict[str, Any]) -> Preprocessing:
    size = native["size"]
    return Preprocessing(
        resolution=size if isinstance(size, int) else size[0],
        resize="squash" if native["resize_mode"] == "squash" else "crop",
        crop_fraction=1.0,
        interpolation=native["interpolation"],
        mean=tuple(native["mean"]),
        std=tuple(native["std"]),
    )
