"""Trunks that timm names: made with their weights, their own preprocessing, and the right layer."""

import difflib

import timm
import timm.data
from torch import nn

from alignet_ray.config.backbone import BackboneConfig, Preprocessing
from alignet_ray.config.layers import AUTO, OUTPUT, PRE_LOGITS, Representation
from alignet_ray.errors import InputError
from alignet_ray.models.weights import load_weights, no_download, refuse_loader_arguments, wants_hub


def refuse_unknown_timm(config: BackboneConfig) -> None:
    """Raise InputError for a name, a tag or a loader's argument; nothing is built or loaded."""
    if not timm.is_model(config.name.split(".")[0]):
        near = difflib.get_close_matches(config.name, timm.list_models(), n=3)
        hint = f"Did you mean {', '.join(near)}? " if near else ""
        raise InputError(
            f"no model named {config.name!r}",
            "a name that timm knows, or open_clip:NAME/TAG",
            "backbone",
            f"{hint}A model of your own is registered with --plugins.",
        )
    refuse_loader_arguments(config, timm.create_model)
    if wants_hub(config):
        _refuse_unknown_tag(config.name)


def create_timm(config: BackboneConfig) -> tuple[nn.Module, Preprocessing]:
    """The trunk and its own preprocessing. Raises InputError for what cannot be had."""
    refuse_unknown_timm(config)
    try:
        trunk = timm.create_model(config.name, pretrained=wants_hub(config), **config.arguments())
    except Exception as error:
        if wants_hub(config):
            raise no_download(config.name, error) from error
        raise InputError(str(error), "arguments that the model takes", config.name) from error
    if config.checkpoint is not None:
        load_weights(trunk, config.checkpoint)
    return trunk, _timm_preprocessing(trunk)


def _refuse_unknown_tag(name: str) -> None:
    """Weights of timm's own are told apart by what stands behind the point."""
    architecture, _, tag = name.partition(".")
    known = [own.partition(".")[2] for own in timm.list_pretrained(f"{architecture}.*")]
    if tag and known and tag not in known:
        near = difflib.get_close_matches(tag, known, n=1, cutoff=0.0)
        raise InputError(
            f"no weights {tag!r} of {architecture}", f"one of {len(known)} tags", "backbone",
            f"Did you mean {architecture}.{near[0]}?",
        )  # fmt: skip


def _timm_preprocessing(trunk: nn.Module) -> Preprocessing:
    native = timm.data.resolve_model_data_config(trunk)
    return Preprocessing(
        resolution=native["input_size"][-1],
        resize="squash" if native["crop_mode"] == "squash" else "crop",
        crop_fraction=native["crop_pct"],
        interpolation=native["interpolation"],
        mean=tuple(native["mean"]),
        std=tuple(native["std"]),
    )


def timm_representation(config: BackboneConfig, trunk: nn.Module) -> Representation:
    """The layer that is asked for, or that of the model's family."""
    if config.representation != AUTO:
        return config.representation
    return default_representation(config.name, str(getattr(trunk, "pretrained_cfg", {}).get("tag")))


def default_representation(name: str, tag: str) -> Representation:
    """Image/text towers give the encoder's output, others what stands before the classifier.

    timm keeps CLIP's projection as the head, so its output is the encoder's. SigLIP has no
    projection: what its attention pools is the output. A head that was fine-tuned for classes
    (`_ft_`) gives logits.
    """
    full = name if "." in name else f"{name}.{tag}"
    is_image_text = any(word in full for word in ("clip", "openai", "laion", "datacomp", "dfn"))
    return OUTPUT if is_image_text and "_ft_" not in full else PRE_LOGITS
