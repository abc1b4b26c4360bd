"""An exported student: `model.safetensors`, which timm loads, and `student.json` about it.

The weights have the name that timm and the Hugging Face hub look for beside a `config.json`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import safetensors.torch
from torch import Tensor

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.errors import InputError, RecordError
from alignet_ray.records.digests import Json, canonical_json, parse_json
from alignet_ray.records.store import Folder

STUDENT_NAME = "student.json"
WEIGHTS_NAME = "model.safetensors"
FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Student:
    """What was trained: the backbone before and after, and how."""

    initial: ResolvedBackbone
    aligned: ResolvedBackbone
    training: Json = field(default_factory=dict)


def write_student(
    folder: Folder,
    student: Student,
    weights: Mapping[str, Tensor],
    beside: Mapping[str, bytes] | None = None,
) -> None:
    """Write weights, files beside them, and last `student.json`; file names in it are relative."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    folder.write(WEIGHTS_NAME, safetensors.torch.save(state))
    for name, data in (beside or {}).items():
        folder.write(name, data)
    document = {
        "version": FORMAT_VERSION,
        "initial": student.initial.to_json(),
        "aligned": replace(student.aligned, checkpoint=WEIGHTS_NAME).to_json(),
        "training": student.training,
    }
    folder.write(STUDENT_NAME, canonical_json(document))


def is_student(folder: Folder) -> bool:
    """Whether a folder holds a finished export."""
    return folder.exists(STUDENT_NAME)


def read_student(folder: Folder) -> Student:
    """The export in a folder, with the weights' full URL in `aligned.checkpoint`."""
    place = folder.place(STUDENT_NAME)
    if not is_student(folder):
        raise InputError(
            "no student", "a folder written by train", folder.url, "Run jobs/train.py."
        )
    document = parse_json(folder.read(STUDENT_NAME), place)
    if document.get("version") != FORMAT_VERSION:
        raise RecordError(f"version {document.get('version')}", f"{FORMAT_VERSION}", place)
    aligned = ResolvedBackbone.from_json(document.get("aligned", {}), place)
    return Student(
        initial=ResolvedBackbone.from_json(document.get("initial", {}), place),
        aligned=replace(aligned, checkpoint=folder.place(_weights_name(aligned, place))),
        training=document.get("training", {}),
    )


def _weights_name(aligned: ResolvedBackbone, place: str) -> str:
    """The file that the record names: earlier exports have another name."""
    name = aligned.checkpoint
    if not name or "/" in name:
        raise RecordError(f"checkpoint {name!r}", "the name of a file beside it", place)
    return name
