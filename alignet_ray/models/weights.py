"""Weights: read from a file or URL, never run as code; fitted to a trunk; digested."""

import hashlib
import inspect
import io
import os
import re
import textwrap
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, cast

import fsspec
import safetensors.torch
import torch
from torch import Tensor, nn

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.errors import InputError

_NAMES_SHOWN = 3
_HARMLESS = {"device", "scriptable", "exportable", "no_jit"}  # of what the loaders take
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")
_LONGEST_QUOTE = 160
_GIVE_FILE = "Check --backbone.checkpoint, or --checkpoint for the weights of a bundle."


def load_weights(trunk: nn.Module, checkpoint: str, prefix: str = "") -> None:
    """Fill the trunk from a file; of names that begin with the prefix, if any, only those.

    Raises InputError for a file that is not there, or that does not fit.
    """
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


def wants_hub(config: BackboneConfig) -> bool:
    """Whether the weights are the hub's: neither a file's nor an initialisation's."""
    return not config.random_init and config.checkpoint is None


def refuse_loader_arguments(config: BackboneConfig, loader: Callable[..., Any]) -> None:
    """Raise InputError for an argument of the library's loader itself: it could name files to load,
    or unpickle them. Those of the architecture pass, and of open_clip's loader `force_...`.

    A record that comes from somebody else has arguments too.
    """
    own = set(inspect.signature(loader).parameters) - _HARMLESS
    named = [n for n in config.arguments() if n in own and not n.startswith("force_")]
    if named:
        raise InputError(
            f"model argument {named[0]}", "arguments of the architecture alone", config.name,
            "Leave it out; weights are given by checkpoint.",
        )  # fmt: skip


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
    _refuse_no_file(checkpoint)
    try:
        with fsspec.open(checkpoint, "rb") as stream:
            data: bytes = cast(Any, stream).read()
    except FileNotFoundError as error:
        raise InputError("no such file", "a file of weights", checkpoint, _GIVE_FILE) from error
    except (OSError, ValueError) as error:
        raise InputError(
            _first_sentence(error), "a file of weights", checkpoint, "Check the path or URL."
        ) from error
    try:
        if checkpoint.endswith(".safetensors"):
            return safetensors.torch.load(data)
        _refuse_packed(data)
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


def _refuse_no_file(checkpoint: str) -> None:
    """Raise InputError for what a record must not have read: a device has no end, and what a chain
    of fsspec opens is told by a file somewhere else.
    """
    is_url = "://" in checkpoint
    if is_url and "::" in checkpoint:
        raise InputError("a chain of file systems", "a file of weights", checkpoint, _GIVE_FILE)
    is_there = not is_url and os.path.exists(checkpoint)
    if is_there and not (os.path.isfile(checkpoint) or os.path.isdir(checkpoint)):
        raise InputError("no regular file", "a file of weights", checkpoint, _GIVE_FILE)


def _refuse_packed(data: bytes) -> None:
    """Raise ValueError for a PyTorch file that holds more than its size: PyTorch packs nothing."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > len(data):
        raise ValueError(f"{size:,} bytes packed into {len(data):,}")


def weights_sha256(trunk: nn.Module) -> str:
    """Digest of names, types, shapes and values of all weights, in name order."""
    state = hashlib.sha256()
    for name, tensor in sorted(trunk.state_dict().items()):
        array = tensor.detach().cpu().contiguous()
        state.update(f"{name} {array.dtype} {tuple(array.shape)}\n".encode())
        state.update(array.view(-1).view(torch.uint8).numpy().tobytes())
    return state.hexdigest()


def no_download(name: str, error: Exception) -> InputError:
    """The error for pretrained weights that a hub does not give."""
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
