"""evaluate end to end on coloured squares: a student, a teacher and a lone backbone."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from PIL import Image

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.config.evaluate import EvaluateConfig, EvaluatedBackboneConfig
from alignet_ray.config.hierarchy import HierarchyConfig
from alignet_ray.config.report import ReportConfig
from alignet_ray.config.resources import Resources
from alignet_ray.errors import ConfigError, InputError
from alignet_ray.evaluation.job import evaluate
from alignet_ray.evaluation.odd_one_out import ACCURACY
from alignet_ray.evaluation.report.job import report
from alignet_ray.models.backbones import load_backbone
from alignet_ray.records.store import Folder
from alignet_ray.records.student import Student, write_student
from alignet_ray.records.teacher_bundle import TeacherBundle, Transform, write_bundle

NUM_OBJECTS = 12
RESOURCES = Resources(device="cpu", num_actors=1, progress=False)
PIXELS = PreprocessingConfig(resolution=32, resize="squash")


def put_human_data(folder):
    random = np.random.default_rng(0)
    names = [f"thing{i:02d}" for i in range(NUM_OBJECTS)]
    (folder / "names.txt").write_text("\n".join(names))
    (folder / "images").mkdir()
    for name in names[1:]:
        colour = tuple(map(int, random.integers(0, 256, 3)))
        Image.new("RGB", (40, 40), colour).save(folder / "images" / f"{name}.jpg")
    rows = [
        f"{i + 1} {j + 1} {k + 1} {choice} {subject}"
        for i, j, k in [random.permutation(NUM_OBJECTS)[:3] for _ in range(30)]
        for subject, choice in enumerate(random.integers(1, 4, size=4))
    ]
    (folder / "responses.tsv").write_text("\n".join(rows))


def put_classes(folder):
    """Labelled images that no ready embedding is of."""
    for name in ("cat", "dog"):
        (folder / "classes" / name).mkdir(parents=True)
        for number in range(2):
            place = folder / "classes" / name / f"{number}.png"
            Image.new("RGB", (8, 8), (40 * number, 0, 0)).save(place)
    table = folder / "categories.csv"
    table.write_text("class,basic,superordinate\ncat,cat,animal\ndog,dog,animal\n")
    return HierarchyConfig(images=(str(folder / "classes"),), categories=str(table))


def put_models(folder):
    """Two sets of weights: `first` is a student's start, `second` its end and a teacher's."""
    backbones = {}
    for seed, name in enumerate(("first", "second")):
        torch.manual_seed(seed)
        weights = timm.create_model("test_efficientnet", pretrained=False).state_dict()
        path = folder / f"{name}.safetensors"
        safetensors.torch.save_file(weights, path)
        asked = BackboneConfig(name="test_efficientnet", checkpoint=str(path), preprocessing=PIXELS)
        backbones[name] = (load_backbone(asked).resolved, weights)
    (first, _), (second, weights) = backbones.values()
    student = Student(initial=first, aligned=second)
    write_student(Folder.at(str(folder / "student")), student, weights)
    lost = replace(first, weights_sha256="f" * 64)
    write_student(
        Folder.at(str(folder / "random_student")), Student(initial=lost, aligned=second), weights
    )
    random = np.random.default_rng(0)
    transform = Transform(
        weight=random.normal(size=(second.dim, second.dim)),
        bias=np.zeros(second.dim),
        mean=0.0,
        scale=1.0,
    )
    bundle = TeacherBundle(backbone=second, transform=transform)
    write_bundle(Folder.at(str(folder / "teacher")), bundle)
    return first, bundle


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_students_teachers_and_backbones_are_compared(tmp_path, capsys):
    put_human_data(tmp_path)
    first, bundle = put_models(tmp_path)
    config = EvaluateConfig(
        images=str(tmp_path / "images"),
        names=str(tmp_path / "names.txt"),
        responses=str(tmp_path / "responses.tsv"),
        output=str(tmp_path / "out"),
        models=tuple(f"{tmp_path}/{name}" for name in ("student", "teacher", "random_student")),
        backbone=EvaluatedBackboneConfig(
            name="test_efficientnet", checkpoint=first.checkpoint, preprocessing=PIXELS
        ),
        data_name="squares",
        num_resamples=30,
        resources=RESOURCES,
    )
    results = evaluate(config)
    text = (tmp_path / "out" / "results.json").read_bytes()
    evaluate(config)
    assert (tmp_path / "out" / "results.json").read_bytes() == text
    broken = replace(bundle, backbone=replace(bundle.backbone, weights_sha256="e" * 64))
    write_bundle(Folder.at(str(tmp_path / "teacher")), broken)
    with pytest.raises(InputError, match="the weights eeeeeeeeeeee that its record names"):
        evaluate(replace(config, models=(str(tmp_path / "teacher"),)))

    assert json.loads(text) == results
    assert str(tmp_path) not in text.decode()
    part = results["parts"]["odd_one_out"]
    accuracies = [own for own in part["figures"] if own["measure"] == ACCURACY]
    rows = {(r["label"], r["variant"], r["similarity"]): r for r in accuracies}
    assert len(rows) == 2 * 6
    same = ("estimate", "low", "high", "num", "unit")
    lone = rows["test_efficientnet", "as it is", "dot"]
    assert {k: lone[k] for k in same} == {k: rows["student", "before", "dot"][k] for k in same}
    changes = [own for own in part["differences"] if own["measure"] == ACCURACY]
    own_base = {(own["label"], own["similarity"]) for own in changes if "base" not in own}
    assert own_base == {
        (label, s) for label in ("student", "teacher") for s in ("dot", "centred_cosine")
    }
    assert len(changes) == 2 * (2 + 6)  # and every two of four labels
    left_out = {own["what"] for own in results["left_out"]}
    assert "random_student before" in left_out
    assert "levels" not in results["parts"]
    data = part["data"]
    assert data["missing_images"] == ["thing00"]
    assert data["num_responses"] + data["num_dropped_responses"] == 120
    assert data["num_dropped_responses"] > 0
    digests = {model["label"]: model["digest"] for model in results["models"]}
    assert digests["teacher"] == bundle.digest
    printed = capsys.readouterr().out
    assert "odd-one-out accuracy, squares" in printed
    assert "left out: random_student before" in printed
    csv_rows = list(csv.DictReader((tmp_path / "out" / "figures.csv").open()))
    num_rows = sum(
        len(own.get(kind, []))
        for own in results["parts"].values()
        for kind in ("figures", "differences", "ceilings")
    )
    assert len(csv_rows) == num_rows
    assert {own["data"] for own in csv_rows} == {"squares"}
    digits = [own[key].partition(".")[2] for own in csv_rows for key in ("estimate", "low", "high")]
    assert max(map(len, digits)) <= 6
    assert (data["responses_layout"], data["responses_per_triplet"]) == ("auto", [4, 8])
    page = (tmp_path / "out" / "report" / "index.html").read_text()
    assert f"{100 * lone['estimate']:.1f}" in page
    assert "random_student before" in page
    assert "http" not in page
    made_again = report(ReportConfig(run=str(tmp_path / "out")))
    assert Path(made_again.removeprefix("file://")).read_text() == page


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_ready_embeddings_are_a_model(tmp_path):
    put_human_data(tmp_path)
    names = [f"thing{i:02d}" for i in range(1, NUM_OBJECTS)]
    vectors = np.random.default_rng(0).normal(size=(len(names), 5))
    np.savez(tmp_path / "ready.npz", names=np.array(names[:-1]), embeddings=vectors[:-1])
    np.savez(tmp_path / "others.npz", names=np.array(["else"]), embeddings=vectors[:1])
    config = EvaluateConfig(
        images=str(tmp_path / "images"),
        names=str(tmp_path / "names.txt"),
        responses=str(tmp_path / "responses.tsv"),
        output=str(tmp_path / "out"),
        models=(f"mine={tmp_path}/ready.npz", f"none={tmp_path}/others.npz"),
        hierarchy=put_classes(tmp_path),
        num_resamples=10,
        resources=RESOURCES,
    )
    results = evaluate(config)
    part = results["parts"]["odd_one_out"]
    assert {own["label"] for own in part["figures"]} == {"mine"}
    assert part["data"]["rejected_images"] == {names[-1]: "no embedding in mine"}
    reasons = {own["what"]: own["reason"] for own in results["left_out"]}
    assert any(what.startswith("none on") for what in reasons)
    assert "hierarchy" not in results["parts"], "nobody has its images: the other part is kept"
    assert "no model" in reasons["hierarchy"]
    with pytest.raises(InputError, match="no model"):
        evaluate(replace(config, only=("hierarchy",)))


def test_a_part_without_its_data_is_refused_where_it_was_asked_for():
    config = EvaluateConfig(output="out", models=("m",), only=("odd_one_out",), images="images")
    with pytest.raises(ConfigError, match="no --names, --responses"):
        evaluate(config)
