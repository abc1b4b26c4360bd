"""Downstream: what is counted, what is fitted on and scored, and the job on coloured classes."""

import json
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from PIL import Image

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.config.downstream import DownstreamConfig
from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.config.resources import Resources
from alignet_ray.errors import InputError
from alignet_ray.evaluation import downstream
from alignet_ray.evaluation.downstream_figures import (
    ACCURACY,
    SOURCE_ACCURACY,
    TARGET_ACCURACY,
    rows_of,
    sign_tests,
)
from alignet_ray.evaluation.downstream_material import prepared
from alignet_ray.evaluation.downstream_plan import plan_of
from alignet_ray.evaluation.downstream_tasks import Asked, answer
from alignet_ray.evaluation.job import evaluate
from alignet_ray.evaluation.references import EvaluatedModel, resolve_models
from alignet_ray.evaluation.workbench import Workbench
from alignet_ray.models.backbones import load_backbone
from alignet_ray.records.store import Folder
from alignet_ray.records.teacher_bundle import TeacherBundle, Transform, write_bundle

QUIET = Resources(device="cpu", num_actors=1, progress=False)


@pytest.fixture
def world(tmp_path):
    """Makes folders of images with ready embeddings that lie near the centre of their class."""

    def make(sets, dim=6, models=("near",), noise=0.1, seed=0):
        random = np.random.default_rng(seed)
        names = sorted({name for classes in sets.values() for name in classes})
        centres = dict(zip(names, random.normal(size=(len(names), dim)), strict=True))
        Image.new("RGB", (2, 2)).save(tmp_path / "one.jpg")
        data = (tmp_path / "one.jpg").read_bytes()
        found = {}
        for name, classes in sets.items():
            for label, count in classes.items():
                (tmp_path / name / label).mkdir(parents=True)
                for number in range(count):
                    key = f"{label}/{name}{number:03d}.jpg"
                    (tmp_path / name / key).write_bytes(data)
                    found[key] = centres[label] + noise * random.normal(size=dim)
        for model in models:
            vectors = np.array(list(found.values()))
            if model == "constant":
                vectors = np.ones_like(vectors)
            np.savez(tmp_path / f"{model}.npz", names=np.array(list(found)), embeddings=vectors)
        return tmp_path

    return make


def config_of(root, *models, train=("train",), test=(), **changes):
    places = {
        "train": tuple(f"{name}={root / name}" for name in train),
        "test": tuple(f"{name}={root / name}" for name in test),
    }
    own = DownstreamConfig(**({"num_seeds": 3, "neighbours": 3} | places | changes))
    references = tuple(f"{name}={root}/{name}.npz" for name in models or ("near",))
    return EvaluateConfig(output=str(root / "out"), models=references, downstream=own)


def material_of(config):
    bench = Workbench(config=config, models=tuple(resolve_models(config)))
    read_in = downstream.read(config)
    ready = prepared(bench, read_in.sets[0])
    return bench, ready, plan_of(bench, ready.material, read_in.tree)


def accuracies(material, asked, models=1):
    found = [answer(one, material, (), 0).correct for one in asked]
    return [[None if own is None else own.mean() for own in correct] for correct in found]


def test_without_a_test_set_one_of_five_images_of_each_class_is_held_out(world):
    root = world({"train": {"a": 10, "b": 7, "c": 1}})
    _, ready, (plan, counts) = material_of(config_of(root))
    material = ready.material
    assert np.bincount(material.labels).tolist() == [8, 5, 1]
    (test,) = material.tests
    assert np.bincount(test.labels, minlength=3).tolist() == [2, 2, 0]
    assert test.allowed is None, "a held-out part is scored among all classes"
    assert ready.counts["train"]["num_used"] == 14
    assert ready.counts["tests"][0]["is_held_out"]
    assert plan.shots == (1,), "no two classes have ten images"
    assert counts["shots"]["10"] == {"num_classes": 0, "num_classes_with_fewer_images": 3}
    same = material_of(config_of(root))[1].material
    assert same.tests[0].labels.tolist() == test.labels.tolist()
    asked = [Asked(0, "linear", 0), Asked(0, "nearest", 3), Asked(0, "few-shot", 1, 0)]
    assert accuracies(material, asked) == [[1.0], [1.0], [1.0]]


def test_classes_with_fewer_images_than_shots_are_left_out_of_that_probe(world):
    root = world({"train": {"a": 6, "b": 6, "c": 2}, "test": {"a": 2, "c": 5}})
    bench, ready, (plan, counts) = material_of(
        config_of(root, train=["train"], test=["test"], shots=(3, 7))
    )
    assert counts["shots"]["3"] == {"num_classes": 2, "num_classes_with_fewer_images": 1}
    assert plan.shots == (3,)
    assert bench.left_out == [
        {"what": "7-shot on train", "reason": "0 classes have 7 training images; at least 2 are "
         "needed"}
    ]  # fmt: skip
    (correct,) = answer(Asked(0, "few-shot", 3, 0), ready.material, (), 0).correct
    assert len(correct) == 2, "only the test images of classes a and b"


def test_a_test_set_of_fewer_classes_is_scored_among_its_own(world):
    root = world({"train": {"a": 8, "b": 8, "c": 8}, "test": {"a": 4, "b": 4}}, noise=3.0)
    _, ready, _ = material_of(config_of(root, test=["test"]))
    (test,) = ready.material.tests
    assert test.allowed == (0, 1)
    assert ready.counts["tests"][0]["scored_among"] == 2
    for kind, number in (("linear", 0), ("nearest", 3), ("few-shot", 1)):
        (kept,) = answer(Asked(0, kind, number), ready.material, (), 0).correct
        free = replace(ready.material, tests=(replace(test, allowed=None),))
        (among_all,) = answer(Asked(0, kind, number), free, (), 0).correct
        assert kept.sum() >= among_all.sum()


def test_unknown_classes_and_images_without_a_label_are_counted(world):
    root = world({"train": {"a": 4, "b": 4}, "test": {"a": 2, "b": 2, "stranger": 3}})
    (root / "train" / "flat.jpg").write_bytes((root / "one.jpg").read_bytes())
    _, ready, _ = material_of(config_of(root, test=["test"]))
    assert ready.counts["train"]["num_without_label"] == 1
    assert ready.counts["train"]["num_used"] == 8
    assert ready.counts["tests"][0]["num_of_unknown_classes"] == 3
    assert ready.counts["tests"][0]["num_used"] == 4
    assert len(ready.material.tests[0].labels) == 4


def test_large_sets_are_thinned_evenly_and_counted(world):
    root = world({"train": {"a": 30, "b": 4}, "test": {"a": 20, "b": 20}})
    _, ready, _ = material_of(
        config_of(root, test=["test"], most_train_images=12, most_test_images=10)
    )
    assert np.bincount(ready.material.labels).tolist() == [8, 4]
    assert np.bincount(ready.material.tests[0].labels).tolist() == [5, 5]
    assert ready.counts["train"]["num_beyond_the_most"] == 22
    assert ready.counts["tests"][0]["num_beyond_the_most"] == 30


def test_constant_embeddings_are_one_guess(world):
    root = world({"train": {"a": 10, "b": 10, "c": 10, "d": 10}}, models=("constant",))
    _, ready, _ = material_of(config_of(root, "constant"))
    asked = [Asked(0, "linear", 0), Asked(0, "nearest", 3), Asked(0, "few-shot", 1, 0)]
    assert accuracies(ready.material, asked) == [[0.25], [0.25], [0.25]]


def test_a_model_without_the_test_images_has_no_row_of_them(world):
    root = world({"train": {"a": 5, "b": 5}, "test": {"a": 2, "b": 2}}, models=("near", "other"))
    had = np.load(root / "other.npz")
    rows = [place for place, name in enumerate(had["names"]) if "train" in name]
    np.savez(root / "other.npz", names=had["names"][rows], embeddings=had["embeddings"][rows])
    bench, ready, (plan, _) = material_of(config_of(root, "near", "other", test=["test"]))
    assert [own is None for own in ready.material.tests[0].sources] == [False, True]
    assert bench.left_out[0]["what"] == "other on test (test)"
    answers = {one: answer(one, ready.material, (), 0) for one in plan.asked(2)}
    for level in plan.levels(ready.material):
        assert level.values(answers, 0) is not None
        assert level.values(answers, 1) is None


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ({"train": {"only": 5}}, "one class only \('only'\)"),
        ({"train": {".": 5}}, "5 images, none with a label"),
        ({"train": {"a": 2, "b": 2}, "test": {"c": 2}}, "none of which is trained on"),
    ],
)
def test_what_cannot_be_classified_is_refused(world, sets, said):
    root = world(sets)
    with pytest.raises(InputError, match=said):
        downstream.read(config_of(root, test=["test"] if "test" in sets else []))


def test_training_images_are_no_test_images(world):
    root = world({"train": {"a": 4, "b": 4}})
    config = config_of(root)
    own = replace(config.downstream, test=(f"again={root / 'train'}",))
    with pytest.raises(InputError, match="8 of its 8 images are training images"):
        downstream.read(replace(config, downstream=own))


def test_a_missing_place_is_refused_before_anything_starts(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        downstream.refuse_missing(config_of(tmp_path))
    (tmp_path / "train").mkdir()
    config = config_of(tmp_path, labels=(f"{tmp_path}/labels.txt",))
    with pytest.raises(InputError, match="a file of labels"):
        downstream.refuse_missing(config)


def put_teacher(folder):
    torch.manual_seed(0)
    weights = timm.create_model("test_efficientnet", pretrained=False).state_dict()
    safetensors.torch.save_file(weights, folder / "weights.safetensors")
    asked = BackboneConfig(
        name="test_efficientnet", checkpoint=str(folder / "weights.safetensors"),
        preprocessing=PreprocessingConfig(resolution=32, resize="squash"),
    )  # fmt: skip
    backbone = load_backbone(asked).resolved
    weight = np.random.default_rng(0).normal(size=(backbone.dim, backbone.dim))
    transform = Transform(weight=weight, bias=np.zeros(backbone.dim), mean=0.0, scale=1.0)
    bundle = TeacherBundle(backbone=backbone, transform=transform)
    write_bundle(Folder.at(str(folder / "teacher")), bundle)


def put_hierarchy(folder, num_superclasses=3):
    """Superclasses at level 5 of which each has four classes, as Living-17 has."""
    folder.mkdir()
    edges = ["n00001740 n00004258", "n00004258 l2", "l2 l3", "l3 l4"]
    classes = []
    for number in range(num_superclasses):
        edges.append(f"l4 super{number}")
        for own in range(4):
            classes.append(f"n{number:07d}{own}")
            edges.append(f"super{number} {classes[-1]}")
    (folder / "class_hierarchy.txt").write_text("\n".join(edges))
    (folder / "node_names.txt").write_text("l2\tsomething\n")
    info = [[number, name, name] for number, name in enumerate(classes)]
    (folder / "dataset_class_info.json").write_text(json.dumps(info))
    return classes


def test_breeds_is_measured_on_the_classes_that_are_there(world, tmp_path):
    classes = put_hierarchy(tmp_path / "breeds")
    root = world({"train": dict.fromkeys(classes[:8], 10)})
    bench, ready, (plan, counts) = material_of(
        config_of(root, breeds=f"{tmp_path}/breeds", breeds_tasks=("living17", "entity13"))
    )
    (part,) = plan.parts
    assert part.name == "Living-17 (rand)"
    (counted,) = counts["breeds"]
    assert (counted["num_superclasses"], counted["num_superclasses_of_task"]) == (2, 3)
    assert (counted["num_classes"], counted["num_classes_of_task"]) == (8, 12)
    assert any(own["what"] == "BREEDS Entity-13 (rand) on train" for own in bench.left_out)
    source, target = answer(Asked(0, "breeds", 0), ready.material, plan.parts, 0).correct
    assert source.mean() == 1.0
    assert len(part.train_rows) == 2 * 2 * 8
    assert len(source) == 2 * 2 * 2
    assert len(target) == 2 * 2 * 10, "all images of target classes, for none is trained on"
    trained = set(ready.material.labels[part.train_rows].tolist())
    assert not trained & set(ready.material.labels[part.target_train_rows].tolist())


def test_breeds_says_what_the_data_lack(world, tmp_path):
    classes = put_hierarchy(tmp_path / "breeds")
    root = world({"train": {"cat": 5, "dog": 5}, "few": dict.fromkeys(classes[:5], 5)})
    folder = f"{tmp_path}/breeds"
    bench, _, (plan, _) = material_of(config_of(root, breeds=folder))
    assert plan.parts == ()
    assert bench.left_out[-1]["reason"] == "its labels (cat, dog) are no classes of BREEDS"
    bench, _, _ = material_of(
        config_of(root, train=["few"], breeds=folder, breeds_tasks=("living17",))
    )
    assert "5 of its 12 classes, and only 1 of its 3 superclasses" in bench.left_out[-1]["reason"]


def test_rows_have_intervals_over_draws_or_over_images_and_paired_differences():
    models = [
        EvaluatedModel(label="m", variant=variant, embeddings="e")
        for variant in ("before", "after")
    ]
    of = {"measure": ACCURACY, "data": "d", "level": "1-shot"}
    draws = [np.array([0.2, 0.4, 0.6]), np.array([0.3, 0.5, 0.7])]
    figures, (difference,) = rows_of(models, draws, **of)
    assert [own["estimate"] for own in figures] == pytest.approx([0.4, 0.5])
    assert (figures[0]["num"], figures[0]["unit"]) == (3, "draws")
    assert difference["estimate"] == pytest.approx(0.1)
    assert difference["high"] - difference["low"] == pytest.approx(0, abs=1e-9), "paired"
    images = [np.array([True, False, False, False]), np.array([True, True, False, False])]
    figures, (difference,) = rows_of(models, images, **of)
    assert figures[1]["estimate"] == 0.5
    assert figures[1]["high"] == pytest.approx(0.5 + 1.96 * 0.25, abs=1e-3)
    assert (difference["estimate"], difference["num"], difference["unit"]) == (0.25, 4, "images")
    assert rows_of(models, [None, images[1]], **of)[1] == []


def test_the_sign_test_counts_cases_of_data_sets_and_models_per_probe():
    def figure(measure, level, data, label, variant, estimate):
        return {
            "measure": measure, "level": level, "data": data, "label": label, "variant": variant,
            "estimate": estimate,
        }  # fmt: skip

    figures = [
        figure(ACCURACY, level, data, label, variant, value + (variant == "after") * gain)
        for level, gain in (("1-shot", 0.1), ("10-shot", -0.1))
        for data, value in (("x", 0.3), ("y", 0.4))
        for label in ("a", "b")
        for variant in ("before", "after")
    ]
    figures += [figure(ACCURACY, "1-shot", "x", "lone", "as it is", 0.9)]
    figures += [
        figure(TARGET_ACCURACY, task, "x", "a", variant, 0.5)
        for task in ("p", "q")
        for variant in ("untransformed", "transformed")
    ]
    one, ten, breeds = sign_tests(figures)
    assert (one["level"], one["num_better"], one["num_worse"], one["num_cases"]) == (
        "1-shot", 4, 0, 4
    )  # fmt: skip
    assert one["p_value"] == pytest.approx(0.125)
    assert (ten["num_better"], ten["num_worse"]) == (0, 4)
    assert (breeds["num_equal"], breeds["num_cases"], breeds["p_value"]) == (2, 2, 1.0)
    assert "level" not in breeds


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_a_teacher_is_measured_alike_in_tasks_and_in_one_process(tmp_path, read_page):
    classes = put_hierarchy(tmp_path / "breeds")
    for place, (label, count) in enumerate([(own, 6) for own in classes[:8]] + [("other", 2)]):
        (tmp_path / "squares" / label).mkdir(parents=True)
        for number in range(count):
            image = Image.new("RGB", (32, 32), (25 * place, 255 - 20 * place, 20 * number))
            image.save(tmp_path / "squares" / label / f"{number}.png")
    put_teacher(tmp_path)
    config = EvaluateConfig(
        output=str(tmp_path / "out"),
        models=(f"{tmp_path}/teacher",),
        downstream=DownstreamConfig(
            train=(str(tmp_path / "squares"),), shots=(1, 4), num_seeds=3, neighbours=3,
            breeds=str(tmp_path / "breeds"), breeds_tasks=("living17",),
        ),
        resources=QUIET,
    )  # fmt: skip
    results = evaluate(config)
    text = (tmp_path / "out" / "results.json").read_bytes()
    assert str(tmp_path) not in text.decode()
    part = results["parts"]["downstream"]
    rows = {(own["measure"], own["level"], own["variant"]): own for own in part["figures"]}
    variants = ("untransformed", "transformed")
    expected = {(ACCURACY, level, v) for level in ("1-shot", "4-shot", "linear probe", "3-NN")
                for v in variants}  # fmt: skip
    breeds = {(m, "Living-17 (rand)", v) for m in (SOURCE_ACCURACY, TARGET_ACCURACY)
              for v in variants}  # fmt: skip
    assert set(rows) == expected | breeds
    assert len(part["differences"]) == len(rows) / 2
    assert {own["level"]: own["num_cases"] for own in part["sign_tests"] if "level" in own} == (
        dict.fromkeys(("1-shot", "4-shot", "linear probe", "3-NN"), 1)
    )
    (counts,) = part["data"]["sets"]
    assert counts["shots"]["4"]["num_classes_with_fewer_images"] == 1
    assert "images_sha256" not in counts["train"], "it is of the listing"
    assert len(counts["train"]["listing_sha256"]) == 64
    rules = part["data"]["rules"]
    assert (rules["most_train_images"], rules["most_test_images"]) == (100_000, 50_000)

    models = tuple(resolve_models(config))
    bench = Workbench(config=config, models=models)
    ready = prepared(bench, downstream.read(config).sets[0])
    plan, _ = plan_of(bench, ready.material, downstream.read(config).tree)
    answers = {
        one: answer(one, ready.material, plan.parts, config.seed) for one in plan.asked(len(models))
    }
    again = [
        row
        for level in plan.levels(ready.material)
        for row in rows_of(
            models, [level.values(answers, m) for m in range(2)], measure=level.measure,
            data=level.data, level=level.level,
        )[0]
    ]  # fmt: skip
    assert again == part["figures"]
    page = read_page((tmp_path / "out" / "report" / "index.html").read_bytes())
    assert "What does it buy downstream?" in page.text
    assert "2 of 3 superclasses" in page.text
    assert "1-shot: better after alignment in" in page.text
