"""Loads any timm or open_clip vision backbone, its weights and its representation.

A `Backbone` takes uint8 pixels and gives float32 representations; mean and standard deviation
are applied inside, so that pixels travel as bytes. Weights are never unpickled as code.
"""

import difflib
import hashlib
import importlib
import importlib.util
import io
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import fsspec
import safetensors.torch
import timm
import timm.data
import torch
import yaml
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from alignet_ray.config.backbone import (
    OPEN_CLIP_PREFIX,
    BackboneConfig,
    Preprocessing,
    PreprocessingConfig,
    Representation,
    ResolvedBackbone,
)
from alignet_ray.errors import InputError

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
_NAMES_SHOWN = 3
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")
_LONGEST_QUOTE = 160


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
        return trunk(images)
    timm_model: Any = trunk
    return timm_model.forward_head(timm_model.forward_features(images), pre_logits=True)


def import_plugins(plugins: Sequence[str]) -> None:
    """Import the user's own modules, by dotted name or .py file, so that they register models.

    Only what the user names on the command line is ever imported.
    """
    for plugin in plugins:
        try:
            if plugin.endswith(".py"):
                _import_file(Path(plugin).resolve())
            else:
                importlib.import_module(plugin)
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            raise InputError(text, "an importable module", f"--plugins {plugin}") from error


def _import_file(path: Path) -> None:
    name = f"alignet_ray_plugin_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return
    if not path.is_file():
        raise OSError("no such file")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]  # half a module must not pass for one the next time
        raise


def load_backbone(config: BackboneConfig, *, expected_sha256: str | None = None) -> Backbone:
    """The backbone in evaluation mode with its weights.

    Raises InputError for an unknown name, weights that cannot be had or do not fit, or weights
    that are not those `expected_sha256` names.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_INITIALISATION_SEED)
        if config.name.startswith(OPEN_CLIP_PREFIX):
            trunk, native = _create_open_clip(config)
            representation: Representation = "output"
        else:
            trunk, native = _create_timm(config)
            representation = _timm_representation(config, trunk)
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
    try:
        with torch.no_grad():
            output = represent(trunk, torch.zeros(1, 3, side, side), resolved.representation)
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


def _arguments(config: BackboneConfig) -> dict[str, Any]:
    pairs = (argument.split("=", 1) for argument in config.model_args)
    return {key: yaml.safe_load(value) for key, value in pairs}


def _create_timm(config: BackboneConfig) -> tuple[nn.Module, Preprocessing]:
    if not timm.is_model(config.name.split(".")[0]):
        near = difflib.get_close_matches(config.name, timm.list_models(), n=3)
        hint = f"Did you mean {', '.join(near)}? " if near else ""
        raise InputError(
            f"no model named {config.name!r}",
            "a name that timm knows, or open_clip:NAME/TAG",
            "backbone",
            f"{hint}A model of your own is registered with --plugins.",
        )
    wants_hub = not config.random_init and config.checkpoint is None
    try:
        trunk = timm.create_model(config.name, pretrained=wants_hub, **_arguments(config))
    except Exception as error:
        if wants_hub:
            raise _no_download(config.name, error) from error
        raise InputError(str(error), "arguments that the model takes", config.name) from error
    if config.checkpoint is not None:
        _load_weights(trunk, config.checkpoint)
    return trunk, _timm_preprocessing(trunk)


def _no_download(name: str, error: Exception) -> InputError:
    return InputError(
        f"pretrained weights cannot be had ({_first_sentence(error)})",
        "weights from the model's hub or a local file",
        name,
        "Give a file with --backbone.checkpoint, or go where the hub can be reached.",
    )


def _first_sentence(error: Exception) -> str:
    """The first sentence of what a library says, or its first words where it goes on and on."""
    line = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
    sentence = _SENTENCE_END.split(line, maxsplit=1)[0].rstrip(".")
    return textwrap.shorten(sentence, _LONGEST_QUOTE, placeholder=" ...")


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


def _timm_representation(config: BackboneConfig, trunk: nn.Module) -> Representation:
    if config.representation != "auto":
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
    return "output" if is_image_text and "_ft_" not in full else "pre_logits"


def _create_open_clip(config: BackboneConfig) -> tuple[nn.Module, Preprocessing]:
    import open_clip  # seconds of import that timm users need not wait for

    name, _, tag = config.name.removeprefix(OPEN_CLIP_PREFIX).partition("/")
    if name not in open_clip.list_models():
        near = difflib.get_close_matches(name, open_clip.list_models(), n=3)
        hint = f"Did you mean {', '.join(near)}?" if near else ""
        raise InputError(
            f"no model named {name!r}", "a name that open_clip knows", "backbone", hint
        )
    wants_hub = not config.random_init and config.checkpoint is None
    try:
        model: Any = open_clip.create_model(
            name, pretrained=tag if wants_hub else None, **_arguments(config)
        )
    except Exception as error:
        if wants_hub:
            raise _no_download(config.name, error) from error
        raise InputError(str(error), "arguments that the model takes", config.name) from error
    if wants_hub and not tag:
        raise InputError(
            "no pretrained tag", f"open_clip:{name}/TAG", config.name,
            f"Tags: {', '.join(open_clip.list_pretrained_tags_by_model(name)) or 'none'}.",
        )  # fmt: skip
    visual: nn.Module = model.visual
    if config.checkpoint is not None:
        _load_weights(visual, config.checkpoint, prefix="visual.")
    native = open_clip.get_model_preprocess_cfg(model)
    size = native["size"]
    return visual, Preprocessing(
        resolution=size if isinstance(size, int) else size[0],
        resize="squash" if native["resize_mode"] == "squash" else "crop",
        crop_fraction=1.0,
        interpolation=native["interpolation"],
        mean=tuple(native["mean"]),
        std=tuple(native["std"]),
    )


def _load_weights(trunk: nn.Module, checkpoint: str, prefix: str = "") -> None:
    state = read_weights(checkpoint)
    own = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)} or state
    try:
        trunk.load_state_dict(own, strict=True)
    except RuntimeError as error:
        raise InputError(
            f"weights do not fit ({_misfit(trunk.state_dict(), own)})",
            "the state dict of this architecture", checkpoint,
            "Check name and model_args (num_classes=..., pad_type=...).",
        ) from error  # fmt: skip


def _misfit(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> str:
    """How many tensors are missing, unexpected or of another shape, and the first few of each."""
    shapes = [
        f"{name} {_shape(found[name])} instead of {_shape(wanted[name])}"
        for name in wanted
        if name in found and found[name].shape != wanted[name].shape
    ]
    faults = {
        "missing": [name for name in wanted if name not in found],
        "unexpected": [name for name in found if name not in wanted],
        "of another shape": shapes,
    }
    said = [
        f"{len(names)} {fault}: {', '.join(names[:_NAMES_SHOWN])}"
        + (", ..." if len(names) > _NAMES_SHOWN else "")
        for fault, names in faults.items()
        if names
    ]
    return f"of {len(wanted)} tensors {'; '.join(said)}" if said else "its tensors are refused"


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "()"


def read_weights(checkpoint: str) -> dict[str, Tensor]:
    """A state dict from a .safetensors file or a PyTorch file, at a path or URL; never code."""
    try:
        with fsspec.open(checkpoint, "rb") as stream:
            data: bytes = cast(Any, stream).read()
    except FileNotFoundError as error:
        raise InputError(
            "no such file", "a file of weights", checkpoint,
            "Check --backbone.checkpoint, or --checkpoint for the weights of a bundle.",
        ) from error  # fmt: skip
    except (OSError, ValueError) as error:
        raise InputError(
            _first_sentence(error), "a file of weights", checkpoint, "Check the path or URL."
        ) from error
    try:
        if checkpoint.endswith(".safetensors"):
            return safetensors.torch.load(data)
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        if not all(isinstance(tensor, Tensor) for tensor in state.values()):
            raise TypeError("no plain state dict")
        return state
    except Exception as error:
        raise InputError(
            f"unreadable weights ({_first_sentence(error)})",
            "safetensors or a state dict without code",
            checkpoint,
        ) from error


def weights_sha256(trunk: nn.Module) -> str:
    """Digest of names, types, shapes and values of all weights, in name order."""
    state = hashlib.sha256()
    for name, tensor in sorted(trunk.state_dict().items()):
        array = tensor.detach().cpu().contiguous()
        state.update(f"{name} {array.dtype} {tuple(array.shape)}\n".encode())
        state.update(array.view(-1).view(torch.uint8).numpy().tobytes())
    return state.hexdigest()
