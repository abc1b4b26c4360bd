"""An exported student: `student.safetensors`, which timm loads, and `student.json` about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import safetensors.torch
from torch import Tensor

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.errors import InputError, RecordError
from alignet_ray.records.digests import Json, canonical_json, parse_json
from alignet_ray.records.store import Folder

STUDENT_NAME = "student.json"
WEIGHTS_NAME = "student.safetensors"
FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Student:
    """What was trained: the backbone before and after, and how."""

    initial: ResolvedBackbone
    aligned: ResolvedBackbone
    training: Json = field(default_factory=dict)


def write_student(folder: Folder, student: Student, weights: Mapping[str, Tensor]) -> None:
    """Write the weights and, after them, `student.json`; the file name in it is relative."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    folder.write(WEIGHTS_NAME, safetensors.torch.save(state))
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
        aligned=replace(aligned, checkpoint=folder.place(WEIGHTS_NAME)),
        training=document.get("training", {}),
    )
