"""A wrong input is one line before Ray starts: here Ray must never start."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from alignet_ray.config.downstream import DownstreamConfig
from alignet_ray.config.evaluate import EvaluateConfig, EvaluatedBackboneConfig
from alignet_ray.config.hierarchy import HierarchyConfig
from alignet_ray.config.resources import Resources
from alignet_ray.config.similarity_judgements import SimilarityJudgementsConfig
from alignet_ray.config.sources import SourceConfig
from alignet_ray.errors import ConfigError, InputError
from alignet_ray.evaluation import job
from alignet_ray.evaluation.image_sets import HIERARCHY_FLAGS, downstream_flags, labelled_set
from alignet_ray.evaluation.job import chosen_parts, evaluate

NAMES = ("apple", "boat", "crow", "drum")


class RayStarts(Exception):
    """Nothing was found wrong before."""


@pytest.fixture(autouse=True)
def _no_ray(monkeypatch):
    def start(_resources):
        raise RayStarts

    monkeypatch.setattr(job, "ray_session", start)


@pytest.fixture
def given(tmp_path):
    """Good objects and responses, and a model that timm knows."""
    (tmp_path / "images").mkdir()
    for name in NAMES:
        Image.new("RGB", (8, 8)).save(tmp_path / "images" / f"{name}.png")
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    (tmp_path / "responses.tsv").write_text("1 2 3 1 0\n2 3 4 2 0\n")
    return EvaluateConfig(
        images=str(tmp_path / "images"),
        names=str(tmp_path / "names.txt"),
        responses=str(tmp_path / "responses.tsv"),
        output=str(tmp_path / "out"),
        models=("test_vit",),
        resources=Resources(device="cpu", progress=False),
    )


def ready(place, names=NAMES, vectors=None):
    vectors = np.ones((len(NAMES), 3)) if vectors is None else vectors
    np.savez(place, names=np.array(names), embeddings=vectors)
    return str(place)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("test_vitt", r"--models: no model named 'test_vitt'.*Did you mean test_vit"),
        ("resnet18.none", r"--models: no weights 'none' of resnet18.*Did you mean resnet18\."),
        ("open_clip:ViT-B-33/openai", r"--models: no model named 'ViT-B-33'.*ViT-B-32"),
        ("open_clip:ViT-B-32/none", r"ViT-B-32/none: no pretrained tag 'none'.*Tags: openai"),
        ("some/folder", r"some/folder: neither a student.*Check --models"),
    ],
)
def test_a_model_that_nobody_knows(given, model, said):
    with pytest.raises(InputError, match=said):
        evaluate(replace(given, models=(model,)))


def test_the_flag_of_one_more_model_is_named(given):
    more = EvaluatedBackboneConfig(name="test_vitt")
    with pytest.raises(InputError, match=r"^--backbone\.name: no model named 'test_vitt'"):
        evaluate(replace(given, backbone=more))


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        (np.ones((3, 3)), r"shape \(3, 3\); expected a matrix of 4 rows"),
        (np.array([[1.0], [np.nan], [1.0], [1.0]]), "NaN or infinity in row 2: 'boat'"),
    ],
)
def test_broken_ready_embeddings(given, tmp_path, vectors, said):
    place = ready(tmp_path / "ready.npz", vectors=vectors)
    with pytest.raises(InputError, match=rf"ready\.npz: .*{said}"):
        evaluate(replace(given, models=(place,)))


def test_a_broken_vector_of_what_is_not_measured_is_left_alone(given, tmp_path):
    vectors = np.vstack([np.ones((4, 2)), [[np.nan, 1]]])
    place = ready(tmp_path / "ready.npz", (*NAMES, "else"), vectors)
    with pytest.raises(RayStarts):
        evaluate(replace(given, models=(place,)))


def test_broken_responses(given, tmp_path):
    (tmp_path / "responses.tsv").write_text("1 2 3 1 0\n1 2 9 1 0\n")
    with pytest.raises(InputError, match=r"responses\.tsv: .*out of range \(9\) on line 2"):
        evaluate(given)
    other = replace(given, responses=ready(tmp_path / "r.parquet.npz"), responses_layout="table")
    (tmp_path / "r.npy").write_bytes(b"")
    other = replace(other, responses=str(tmp_path / "r.npy"))
    with pytest.raises(ConfigError, match=r"^--responses-layout: 'table'"):
        evaluate(other)


def test_a_matrix_that_is_half_nan(given, tmp_path):
    matrix = np.eye(4)
    matrix[1, 3] = np.nan
    np.save(tmp_path / "rsm.npy", matrix)
    judged = SimilarityJudgementsConfig(
        matrices=(str(tmp_path / "rsm.npy"),), images=(str(tmp_path / "images"),)
    )
    said = r"rsm\.npy: NaN in row 2, column 4, but 0 in row 4, column 2 \(1 such pair\)"
    with pytest.raises(InputError, match=said):
        evaluate(replace(given, similarity=judged))


def test_a_broken_table_of_categories(given, tmp_path):
    (tmp_path / "categories.csv").write_text("class,basic\ncat,cat\n")
    sorted_by = HierarchyConfig(
        images=(str(tmp_path / "images"),), categories=str(tmp_path / "categories.csv")
    )
    with pytest.raises(InputError, match=r"categories\.csv: "):
        evaluate(replace(given, hierarchy=sorted_by))


@pytest.mark.parametrize("source", ["none", "none.tar", "none.csv", "none-{00..01}.tar"])
def test_a_source_that_is_not_there_is_told_by_its_flag(given, tmp_path, source):
    (tmp_path / "categories.csv").write_text("class,basic,superordinate\ncat,cat,animal\n")
    place = str(tmp_path / source)
    hierarchy = HierarchyConfig(images=(place,), categories=str(tmp_path / "categories.csv"))
    with pytest.raises(InputError, match=r"no such .* Check --hierarchy\.images\.$"):
        evaluate(replace(given, hierarchy=hierarchy))
    images = str(tmp_path / "images")
    for own, flag in (
        (DownstreamConfig(train=(place,)), "train"),
        (DownstreamConfig(train=(f"a={images}",), test=(f"a={place}",)), "test"),
    ):
        with pytest.raises(InputError, match=rf"Check --downstream\.{flag}\.$"):
            evaluate(replace(given, downstream=own))


def test_what_reading_a_source_finds_wrong_is_told_by_its_flag(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no files.*Check --hierarchy\.images\.$"):
        labelled_set("it", [str(tmp_path / "empty")], SourceConfig(), HIERARCHY_FLAGS)
    Image.new("RGB", (8, 8)).save(tmp_path / "empty" / "one.png")
    flags = downstream_flags(is_test=True, has_labels=True)
    labels = SourceConfig(labels=str(tmp_path / "none.txt"))
    with pytest.raises(InputError, match=r"Check --downstream\.test-labels\.$"):
        labelled_set("it", [str(tmp_path / "empty")], labels, flags)
    separated = SourceConfig(label_separator="_")
    with pytest.raises(InputError, match=r"Check --downstream\.source\.label-separator\.$"):
        labelled_set("it", [str(tmp_path / "empty")], separated, flags)


def test_nothing_to_measure_is_one_short_line():
    with pytest.raises(ConfigError, match="nothing to measure") as refused:
        chosen_parts(EvaluateConfig(output="out", models=("m",)))
    assert len(str(refused.value)) < 300


def test_only_what_was_asked_for_is_left_out(given):
    chosen, left_out = chosen_parts(replace(given, only=("odd_one_out",)))
    assert (chosen, left_out) == (["odd_one_out"], [])
    _, left_out = chosen_parts(given)
    assert {own["what"] for own in left_out} == {"levels", "hierarchy", "downstream"}
