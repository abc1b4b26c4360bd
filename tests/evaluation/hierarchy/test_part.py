"""The part end to end on small pictures: a student, a teacher and a lone backbone."""

import json
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import timm
import torch

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.config.evaluate import EvaluateConfig, EvaluatedBackboneConfig
from alignet_ray.config.hierarchy import HierarchyConfig
from alignet_ray.config.resources import Resources
from alignet_ray.errors import ConfigError, InputError
from alignet_ray.evaluation.hierarchy.distances import DISTANCE, LAYER_DISTANCE, SEPARATION
from alignet_ray.evaluation.hierarchy.part import lacking, refuse_missing
from alignet_ray.evaluation.job import evaluate
from alignet_ray.models.backbones import load_backbone
from alignet_ray.records.store import Folder
from alignet_ray.records.student import Student, write_student
from alignet_ray.records.teacher_bundle import TeacherBundle, Transform, write_bundle

PIXELS = PreprocessingConfig(resolution=32, resize="squash")
CLASSES = {
    "pug": "dog,animal", "beagle": "dog,animal", "cat": "cat,animal", "sofa": "seat,furniture",
    "stool": "seat,furniture", "bed": "bed,furniture",
}  # fmt: skip


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "classes.csv"
    rows = [f"{name},{above}" for name, above in CLASSES.items()]
    path.write_text("\n".join(["class,basic,superordinate", *rows]))
    return str(path)


def put_models(folder):
    """A student from one set of weights to another, and a teacher of the second."""
    backbones = []
    for seed in range(2):
        torch.manual_seed(seed)
        weights = timm.create_model("test_efficientnet", pretrained=False).state_dict()
        path = folder / f"{seed}.safetensors"
        safetensors.torch.save_file(weights, path)
        asked = BackboneConfig(name="test_efficientnet", checkpoint=str(path), preprocessing=PIXELS)
        backbones.append(load_backbone(asked).resolved)
    first, second = backbones
    student = Student(initial=first, aligned=second)
    write_student(Folder.at(str(folder / "student")), student, weights)
    random = np.random.default_rng(0)
    transform = Transform(
        weight=random.normal(size=(second.dim,) * 2), bias=np.zeros(second.dim), mean=0.0, scale=1.0
    )
    bundle = TeacherBundle(backbone=second, transform=transform)
    write_bundle(Folder.at(str(folder / "teacher")), bundle)
    return first


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_changes_are_told_by_relation_label_and_layer(tmp_path, photo_folder, table, capsys):
    images = photo_folder(labels=(*CLASSES, "ghost"), images_per_label=3)
    (images / "cat" / "002.jpg").write_bytes(b"no image")
    first = put_models(tmp_path)
    config = EvaluateConfig(
        output=str(tmp_path / "out"),
        models=(f"{tmp_path}/student", f"{tmp_path}/teacher"),
        backbone=EvaluatedBackboneConfig(
            name="test_efficientnet", checkpoint=first.checkpoint, preprocessing=PIXELS
        ),
        hierarchy=HierarchyConfig(
            images=(str(images),),
            categories=table,
            layers=("block:1", "block:5"),
            num_components=4,
        ),
        resources=Resources(device="cpu", num_actors=1, progress=False),
    )
    results = evaluate(config)
    text = (tmp_path / "out" / "results.json").read_bytes()
    page = (tmp_path / "out" / "report" / "index.html").read_bytes()
    assert json.loads(text) == results
    assert str(tmp_path) not in text.decode()

    part = results["parts"]["hierarchy"]
    data = part["data"]
    assert (data["num_given"], data["num_images"], data["num_outside_hierarchy"]) == (21, 17, 3)
    assert list(data["rejected_images"]) == ["cat/002.jpg"]
    own = {
        measure: [row for row in part["figures"] if row["measure"] == measure]
        for measure in (DISTANCE, SEPARATION, LAYER_DISTANCE)
    }
    assert len(own[DISTANCE]) == 4 * 5
    assert len(own[SEPARATION]) == 5
    assert sum(row["num"] for row in own[DISTANCE] if row["variant"] == "after") == 17 * 16 // 2
    assert {(row["label"], row["layer"]) for row in own[LAYER_DISTANCE]} == {("student", "block:1")}
    values = {
        (row["label"], row["variant"], row["level"]): row["estimate"] for row in own[DISTANCE]
    }
    for level in data["relations"]:
        lone, before = ("test_efficientnet", "as it is", level), ("student", "before", level)
        assert values[lone] == values[before], "the same weights"
    own_changes = [row for row in part["differences"] if "base" not in row]
    assert {row["label"] for row in own_changes} == {"student", "teacher"}
    assert [own["label"] for own in part["regressions"]] == ["student", "teacher"]
    assert {len(own["shares"]) for own in part["explained"]} == {4}
    left_out = {own["what"]: own["reason"] for own in results["left_out"]}
    assert left_out["student, block:5"] == "no block:5 among its 5"
    assert left_out["teacher by layer"] == "a transform changes the last layer alone"
    assert left_out["test_efficientnet by layer"] == "no before and after"
    assert "odd one out" in left_out
    csv = (tmp_path / "out" / "figures.csv").read_text()
    assert csv.count("block:1") == 4 * 3, "two variants and their difference"
    assert b"How distances change" in page
    assert SEPARATION in capsys.readouterr().out


def test_what_is_lacking_or_not_there_is_said(tmp_path, photo_folder, table):
    config = EvaluateConfig(output="out", models=("m",), only=("hierarchy",))
    assert lacking(config) == "no --hierarchy.images, --hierarchy.categories"
    with pytest.raises(ConfigError, match=r"no --hierarchy\.images"):
        evaluate(config)
    images = str(photo_folder())

    def refused(said, **changes):
        own = HierarchyConfig(**{"images": (images,), "categories": table, **changes})
        with pytest.raises(InputError, match=said):
            refuse_missing(replace(config, hierarchy=own))

    refused("no such folder", images=(str(tmp_path / "none"),))
    refused(
        r"none\.csv: no such file.*--hierarchy\.categories", categories=str(tmp_path / "none.csv")
    )
    refused(r"none: no such folder.*--hierarchy\.categories", categories=str(tmp_path / "none"))
    refused(
        r"--hierarchy\.source\.labels", source=replace(config.hierarchy.source, labels="nowhere")
    )
