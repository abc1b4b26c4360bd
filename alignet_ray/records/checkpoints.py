"""Checkpoints: the whole state of training after a number of steps, as safetensors and JSON.

A checkpoint is a folder named by its steps. Its tensors come first, one file for each part
(`trunk.safetensors` has timm's names), then `checkpoint.json` with their digests: what has no
JSON, or whose files are not the JSON's, is what a killed writer left, and is never taken.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import safetensors.torch
from torch import Tensor

from alignet_ray.errors import AlignetError, RecordError
from alignet_ray.records.digests import Json, canonical_json, parse_json
from alignet_ray.records.store import Folder
from alignet_ray.records.tensors import unreadable_tensors

CHECKPOINTS_FOLDER = "checkpoints"
RECORD_NAME = "checkpoint.json"
FORMAT_VERSION = 1

_TENSORS_SUFFIX = ".safetensors"
_ANOTHER = "Delete this checkpoint and run the same command again."
_FILE_NAME = re.compile(r"[A-Za-z0-9_-]+\.safetensors")
_STEP_NAME = re.compile(r"\d{8}")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What `checkpoint.json` says: how far training was, with which settings and figures.

    `kl` is the validation KL where it was measured after just these steps.
    """

    step: int
    settings: Json
    state: Json
    kl: float | None = None
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """SHA-256 of each file of tensors."""

    @property
    def name(self) -> str:
        """The folder's name."""
        return step_name(self.step)


def step_name(step: int) -> str:
    """The name of the folder of a checkpoint after so many steps."""
    return f"{step:08d}"


def write_checkpoint(folder: Folder, checkpoint: Checkpoint, tensors: Mapping[str, Tensor]) -> None:
    """Write a checkpoint below the student's folder; its JSON last.

    Tensors are named `<part>.<name>`; each part becomes a file with the names behind the dot.
    """
    place = _folder(folder, checkpoint.step)
    place.delete(RECORD_NAME)  # of the same step, if an earlier one was broken
    files: dict[str, str] = {}
    for part, named in sorted(_by_part(tensors).items()):
        name = f"{part}{_TENSORS_SUFFIX}"
        with place.building(name) as path:
            safetensors.torch.save_file(named, path)
            files[name] = _sha256(path)
    document = {
        "version": FORMAT_VERSION,
        "step": checkpoint.step,
        "settings": checkpoint.settings,
        "state": checkpoint.state,
        "kl": checkpoint.kl,
        "files": files,
    }
    place.write(RECORD_NAME, canonical_json(document))


def read_checkpoints(folder: Folder) -> list[Checkpoint]:
    """What the checkpoints below a student's folder say of themselves, by rising steps.

    Those without a readable JSON are left out; their tensors are not looked at here.
    """
    names = folder.folder(CHECKPOINTS_FOLDER).tree()
    steps = sorted({int(name.split("/")[0]) for name in names if _is_record(name)})
    return [c for step in steps if (c := _read_record(folder, step)) is not None]


def read_tensors(folder: Folder, checkpoint: Checkpoint) -> dict[str, Tensor]:
    """All tensors of a checkpoint, named as they were given.

    Raises RecordError where a file is not the one that the JSON names.
    """
    place = _folder(folder, checkpoint.step)
    tensors: dict[str, Tensor] = {}
    for name, expected in checkpoint.files.items():
        if not _FILE_NAME.fullmatch(name):
            raise RecordError(
                f"a file {name!r}", "the name of a file beside it", place.place(RECORD_NAME),
                _ANOTHER,
            )  # fmt: skip
        with place.local_copy(name) as path:
            found = _sha256(path)
            if found != expected:
                raise RecordError(
                    f"SHA-256 {found[:12]}", f"{expected[:12]}", place.place(name),
                    _ANOTHER,
                )  # fmt: skip
            part = name.removesuffix(_TENSORS_SUFFIX)
            with unreadable_tensors(place.place(name), _ANOTHER):
                named = safetensors.torch.load_file(path)
        tensors.update({f"{part}.{key}": tensor for key, tensor in named.items()})
    return tensors


def newest_whole(
    folder: Folder, checkpoints: list[Checkpoint]
) -> tuple[Checkpoint, dict[str, Tensor]] | None:
    """The checkpoint with the most steps whose tensors are all there, with its tensors.

    A fault of the network is raised: it does not make a checkpoint a torn one.
    """
    for checkpoint in reversed(checkpoints):
        try:
            return checkpoint, read_tensors(folder, checkpoint)
        except AlignetError as error:
            if not _is_torn(error):
                raise
    return None


def best_of(checkpoints: list[Checkpoint]) -> Checkpoint | None:
    """The one with the lowest validation KL, the earlier of two; None where none was measured."""
    measured = [(c.kl, c.step, c) for c in checkpoints if c.kl is not None]
    return min(measured, key=lambda entry: entry[:2])[2] if measured else None


def remove_checkpoints(folder: Folder, keep: set[int], before: int | None = None) -> None:
    """Delete the checkpoints whose steps are not in `keep`, torn ones too, and only those with
    fewer steps than `before` where that is given. The JSON goes first.
    """
    names = folder.folder(CHECKPOINTS_FOLDER).tree()
    steps = {name.split("/")[0] for name in names if _STEP_NAME.fullmatch(name.split("/")[0])}
    for step in sorted(int(name) for name in steps):
        if step not in keep and (before is None or step < before):
            place = _folder(folder, step)
            place.delete(RECORD_NAME)
            place.remove()
    if not keep and before is None:
        folder.folder(CHECKPOINTS_FOLDER).remove()


def forget_checkpoint(folder: Folder, checkpoint: Checkpoint) -> None:
    """Take a broken checkpoint's word that it is there; its files go with the older ones."""
    _folder(folder, checkpoint.step).delete(RECORD_NAME)


def _folder(folder: Folder, step: int) -> Folder:
    return folder.folder(f"{CHECKPOINTS_FOLDER}/{step_name(step)}")


def _is_record(name: str) -> bool:
    step, _, rest = name.partition("/")
    return rest == RECORD_NAME and _STEP_NAME.fullmatch(step) is not None


def _read_record(folder: Folder, step: int) -> Checkpoint | None:
    place = _folder(folder, step)
    data = place.read_if_there(RECORD_NAME)
    if data is None:
        return None  # another driver's writer has just removed it
    try:
        document = parse_json(data, place.place(RECORD_NAME))
    except RecordError:
        return None
    if document.get("version") != FORMAT_VERSION:
        raise RecordError(
            f"version {document.get('version')}", f"{FORMAT_VERSION}", place.place(RECORD_NAME),
            "Delete this checkpoint, or go on with the version that wrote it.",
        )  # fmt: skip
    names = ("step", "settings", "state", "kl", "files")
    if set(names) - set(document) or document["step"] != step:
        return None
    return Checkpoint(**{name: document[name] for name in names})


def _is_torn(error: AlignetError) -> bool:
    """Whether a file is another than it should be, or gone; a network's fault is no such thing."""
    return isinstance(error, RecordError) or error.value == "not found"


def _by_part(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = tensor
    return parts


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
