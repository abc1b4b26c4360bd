"""What the user names becomes the models that are compared."""

import numpy as np
import pytest
import torch

from alignet_ray.config.evaluate import EvaluateConfig, EvaluatedBackboneConfig
from alignet_ray.errors import ConfigError, InputError
from alignet_ray.evaluation.references import resolve_models, split_label
from alignet_ray.records.store import Folder
from alignet_ray.records.student import Student, write_student
from alignet_ray.records.teacher_bundle import TeacherBundle, Transform, write_bundle


def models(*references, **changes):
    config = EvaluateConfig(
        images="", names="", responses="", output="", models=references, **changes
    )
    return resolve_models(config)


@pytest.mark.parametrize(
    ("text", "label", "reference"),
    [
        ("resnet18", "resnet18", "resnet18"),
        ("mine=resnet18", "mine", "resnet18"),
        ("/runs/student/", "student", "/runs/student/"),
        ("mine=gs://bucket/a", "mine", "gs://bucket/a"),
        ("/runs/lr=3/student", "student", "/runs/lr=3/student"),
        ("open_clip:ViT-B-32/openai", "open_clip:ViT-B-32/openai", "open_clip:ViT-B-32/openai"),
    ],
)
def test_labels(text, label, reference):
    assert split_label(text) == (label, reference)


def test_a_student_is_two_models(tmp_path, resolved):
    # As train writes it: the setting may be "auto", the figure is what it came to.
    training = {"settings": {"loss": {"student_temperature": "auto"}},
                "figures": {"student_temperature": 18.8}}  # fmt: skip
    student = Student(initial=resolved("a" * 64), aligned=resolved("b" * 64), training=training)
    write_student(Folder.at(str(tmp_path / "s")), student, {"w": torch.zeros(1)})
    before, after = models(f"{tmp_path}/s")
    assert [m.temperature for m in (before, after)] == [18.8, 18.8]
    assert [m.variant for m in (before, after)] == ["before", "after"]
    assert {m.label for m in (before, after)} == {"s"}
    assert [m.expected_sha256 for m in (before, after)] == ["a" * 64, "b" * 64]
    assert after.backbone.checkpoint == f"{tmp_path}/s/model.safetensors"
    assert before.digest == after.digest


def test_a_teacher_is_two_models(tmp_path, resolved):
    transform = Transform(weight=np.eye(2), bias=np.zeros(2), mean=0.0, scale=1.0)
    bundle = TeacherBundle(backbone=resolved(), transform=transform)
    write_bundle(Folder.at(str(tmp_path / "t")), bundle)
    raw, mapped = models(f"mine={tmp_path}/t")
    assert (raw.variant, mapped.variant) == ("untransformed", "transformed")
    assert raw.transform is None
    assert mapped.transform is not None
    assert raw.backbone == mapped.backbone
    assert {raw.label, mapped.label} == {"mine"}
    assert raw.digest == bundle.digest


def test_names_and_a_backbone_of_its_own():
    backbone = EvaluatedBackboneConfig(name="resnet50", checkpoint="/c.pt")
    named, own = models("resnet18", backbone=backbone)
    assert (named.backbone.name, named.backbone.checkpoint) == ("resnet18", None)
    assert (own.backbone.name, own.backbone.checkpoint) == ("resnet50", "/c.pt")


def test_a_label_twice_and_a_folder_of_neither(tmp_path):
    with pytest.raises(ConfigError, match="label=reference"):
        models("resnet18", "resnet18")
    with pytest.raises(InputError, match="neither a student nor a teacher bundle"):
        models(str(tmp_path))
