"""The end of training: weights that timm loads, a record of how they came about, a model card."""

import json
from dataclasses import replace

from alignet_ray.models.backbones import Backbone, weights_sha256
from alignet_ray.models.timm_config import TIMM_CONFIG_NAME, timm_config
from alignet_ray.records.digests import Json, refuse_other_settings
from alignet_ray.records.store import Folder
from alignet_ray.records.student import Student, is_student, read_student, write_student
from alignet_ray.training.model_card import CARD_NAME, model_card
from alignet_ray.training.plan import TrainPlan

SAME_SETTINGS = "Ask for the same settings, --runs and student, or give another --output."


def export_student(
    folder: Folder, backbone: Backbone, settings: Json, figures: Json, data: Json
) -> None:
    """Write weights, timm's `config.json`, the model card, and `student.json` last.

    `backbone.resolved` still names the weights that training began with; `data` is
    `describe_data`.
    """
    initial = backbone.resolved
    aligned = replace(initial, weights_sha256=weights_sha256(backbone.trunk), checkpoint=None)
    training = {"settings": settings, "figures": figures, "data": data}
    student = Student(initial=initial, aligned=aligned, training=training)
    config = timm_config(backbone)
    beside = {CARD_NAME: model_card(student).encode()}
    if config is not None:
        text = json.dumps(config, indent=2, sort_keys=True)
        beside[TIMM_CONFIG_NAME] = text.encode() + b"\n"
    write_student(folder, student, backbone.trunk.state_dict(), beside)


def describe_data(plan: TrainPlan, images: int, skipped_groups: int = 0) -> Json:
    """What was trained on, for people: each run by its digest, and how much of it was seen;
    `images` is how many images, as often as they came, without those of the groups that were
    skipped.
    """
    runs = [
        {
            "digest": source.manifest.digest,
            "shards": len(source.manifest.shards),
            "strategy": source.kind.strategy,
            "blocks": list(source.kind.blocks),
            "teacher_temperature": source.kind.teacher_temperature,
            "groups": source.manifest.num_groups,
            "triplets": source.manifest.num_groups * source.kind.num_triplets,
        }
        for source in plan.sources.sources
    ]
    steps = plan.num_steps
    return {
        "runs": runs,
        "pins": plan.pins,
        "steps": steps,
        "epochs": plan.epochs,
        "groups_seen": steps * plan.layout.groups_per_step - skipped_groups,
        "images_seen": images,
    }


def exported_figures(folder: Folder, settings: Json) -> Json | None:
    """The figures of a student that was trained with these settings; None for an empty folder.

    Raises MismatchError naming every setting in which the folder's student differs.
    """
    if not is_student(folder):
        return None
    training = read_student(folder).training
    refuse_other_settings(
        training.get("settings", {}), settings, folder.url,
        SAME_SETTINGS,
    )  # fmt: skip
    return training["figures"]


def exported_pins(folder: Folder) -> tuple[Json | None, int]:
    """The shards that the folder's student was trained on, and its steps; None and 0 for an empty
    folder.

    With them the runs may have grown since, and the student is still that of the same settings.
    """
    if not is_student(folder):
        return None, 0
    data = read_student(folder).training.get("data", {})
    return data.get("pins"), data.get("steps", 0)
