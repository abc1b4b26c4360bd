"""A fitted VICE embedding on disk, and the state of one that is still being fitted.

    vice/names.txt                object ids, one a line: the order of the rows
    vice/mean.npy, scale.npy      float32 (objects, live dimensions), widest dimension first
    vice/vice.json                settings, figures, digests; written last, it says "done"
    vice/checkpoint.safetensors   until then: parameters, optimiser and every epoch so far

The arrays and names are what `--human-embedding`, `--human-scale` and `--names` read.
"""

import io
from dataclasses import dataclass

import numpy as np
import safetensors.torch
import torch
from jaxtyping import Float

from alignet_ray.errors import RecordError
from alignet_ray.functional.vice import ViceEpoch, ViceState
from alignet_ray.records.digests import (
    Json,
    canonical_json,
    parse_json,
    refuse_other_settings,
    sha256,
)
from alignet_ray.records.npy import parse_npy
from alignet_ray.records.store import Folder
from alignet_ray.records.tensors import unreadable_tensors

VICE_FOLDER = "vice"
VICE_NAME = "vice.json"
CHECKPOINT_NAME = "checkpoint.safetensors"
NAMES_NAME, MEAN_NAME, SCALE_NAME = "names.txt", "mean.npy", "scale.npy"
FORMAT_VERSION = 1

_STATE_TENSORS = ("parameters", "first_moments", "second_moments")


@dataclass(frozen=True, kw_only=True)
class ViceEmbedding:
    """Live dimensions of every object's Gaussian embedding; `metrics` are for people."""

    names: tuple[str, ...]
    mean: Float[np.ndarray, "objects dims"]
    scale: Float[np.ndarray, "objects dims"]
    settings: Json
    metrics: Json


def write_vice(folder: Folder, embedding: ViceEmbedding) -> None:
    """Write names and arrays, `vice.json` after them, and remove the checkpoint."""
    files = {
        NAMES_NAME: "".join(f"{name}\n" for name in embedding.names).encode(),
        MEAN_NAME: _npy(embedding.mean),
        SCALE_NAME: _npy(embedding.scale),
    }
    for name, data in files.items():
        folder.write(name, data)
    document = {
        "version": FORMAT_VERSION,
        "settings": embedding.settings,
        "metrics": embedding.metrics,
        "sha256": {name: sha256(data) for name, data in files.items()},
    }
    folder.write(VICE_NAME, canonical_json(document))
    if folder.exists(CHECKPOINT_NAME):
        folder.delete(CHECKPOINT_NAME)


def _npy(array: Float[np.ndarray, "objects dims"]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array, dtype=np.float32), allow_pickle=False)
    return buffer.getvalue()


def read_vice(folder: Folder, settings: Json) -> ViceEmbedding | None:
    """The finished embedding of these settings, or None where none is finished.

    Raises MismatchError for one of other settings, RecordError for altered files.
    """
    data = folder.read_if_there(VICE_NAME)
    if data is None:
        return None
    place = folder.place(VICE_NAME)
    document = parse_json(data, place)
    remedy = "Ask for the same settings, or give another --output."
    refuse_other_settings(document.get("settings", {}), settings, place, remedy)
    files: dict[str, bytes] = {}
    for name in (NAMES_NAME, MEAN_NAME, SCALE_NAME):
        files[name] = folder.read(name)
        if sha256(files[name]) != document.get("sha256", {}).get(name):
            raise RecordError(
                f"another SHA-256 than {VICE_NAME} names", "the file as it was written",
                folder.place(name), f"Remove {place} to fit it again.",
            )  # fmt: skip
    try:
        arrays = [parse_npy(files[name]) for name in (MEAN_NAME, SCALE_NAME)]
    except ValueError as error:
        raise RecordError(f"unreadable arrays ({error})", "those of a fit", folder.url) from error
    return ViceEmbedding(
        names=tuple(files[NAMES_NAME].decode().splitlines()),
        mean=arrays[0],
        scale=arrays[1],
        settings=settings,
        metrics=document.get("metrics", {}),
    )


def write_checkpoint(folder: Folder, state: ViceState, settings: Json) -> None:
    """Keep the state of a fit, in place of the one before."""
    tensors = {name: getattr(state, name).contiguous() for name in _STATE_TENSORS}
    tensors["history"] = torch.tensor(
        [tuple(epoch) for epoch in state.history], dtype=torch.float64
    )
    metadata = {"settings": canonical_json(settings).decode(), "num_steps": str(state.num_steps)}
    folder.write(CHECKPOINT_NAME, safetensors.torch.save(tensors, metadata))


def read_checkpoint(folder: Folder, settings: Json) -> ViceState | None:
    """The state of a fit of these settings, or None where none was begun.

    Raises MismatchError for one of other settings, RecordError for a broken file.
    """
    data = folder.read_if_there(CHECKPOINT_NAME)
    if data is None:
        return None
    with unreadable_tensors(folder.place(CHECKPOINT_NAME), "Remove it to start again."):
        tensors = safetensors.torch.load(data)
        metadata = _metadata(data)
        history = [
            ViceEpoch(nll, complexity, int(live))
            for nll, complexity, live in tensors["history"].tolist()
        ]
        parts = [tensors[name] for name in _STATE_TENSORS]
        num_steps, made_with = int(metadata["num_steps"]), metadata["settings"]
    place = folder.place(CHECKPOINT_NAME)
    remedy = "Ask for the same settings, give another --output, or remove it to start again."
    refuse_other_settings(parse_json(made_with.encode(), place), settings, place, remedy)
    return ViceState(parts[0], parts[1], parts[2], num_steps, tuple(history))


def _metadata(data: bytes) -> dict[str, str]:
    """Metadata of a safetensors file: in its header, a JSON object after eight bytes of length."""
    length = int.from_bytes(data[:8], "little")
    return parse_json(data[8 : 8 + length], CHECKPOINT_NAME)["__metadata__"]
