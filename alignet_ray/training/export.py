"""The end of training: weights that timm loads, and a record of how they came about."""

from dataclasses import replace

from alignet_ray.models.backbones import Backbone, weights_sha256
from alignet_ray.records.digests import Json, refuse_other_settings
from alignet_ray.records.store import Folder
from alignet_ray.records.student import Student, is_student, read_student, write_student


def export_student(folder: Folder, backbone: Backbone, settings: Json, figures: Json) -> None:
    """Write `student.safetensors` and `student.json`.

    `backbone.resolved` still names the weights that training began with.
    """
    initial = backbone.resolved
    aligned = replace(initial, weights_sha256=weights_sha256(backbone.trunk), checkpoint=None)
    training = {"settings": settings, "figures": figures}
    student = Student(initial=initial, aligned=aligned, training=training)
    write_student(folder, student, backbone.trunk.state_dict())


def exported_figures(folder: Folder, settings: Json) -> Json | None:
    """The figures of a student that was trained with these settings; None for an empty folder.

    Raises MismatchError naming every setting in which the folder's student differs.
    """
    if not is_student(folder):
        return None
    training = read_student(folder).training
    refuse_other_settings(
        training.get("settings", {}), settings, folder.url,
        "Ask for the same settings or give another --output.",
    )  # fmt: skip
    return training["figures"]


def exported_pins(folder: Folder) -> Json | None:
    """The shards that the folder's student was begun with; None for an empty folder.

    With them the runs may have grown since, and the student is still that of the same settings.
    """
    if not is_student(folder):
        return None
    return read_student(folder).training.get("settings", {}).get("runs")
