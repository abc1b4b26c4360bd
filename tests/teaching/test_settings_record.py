"""A bundle's record of its settings: each setting that decides the teacher changes the record.

The tables below name every field of the settings. A field that is new fails the first test until
somebody has said on which side it is, and then the second, unless the record covers it.
"""

from dataclasses import fields, replace

import numpy as np
import pytest

from alignet_ray.config.backbone import (
    BackboneConfig,
    Preprocessing,
    PreprocessingConfig,
    ResolvedBackbone,
)  # fmt: skip
from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.config.resources import Resources
from alignet_ray.config.transform_fit import FitConfig, SearchConfig
from alignet_ray.config.vice import ViceConfig
from alignet_ray.teaching.job import _settings
from alignet_ray.teaching.objects import find_objects

NAMES = ("ant", "bee", "cup", "dog")
FILES = {  # field -> the file that it names, where another content is another teacher
    "names", "choices", "responses", "embeddings", "embeddings_names", "local_run",
    "human_embedding", "human_scale", "human_embedding_names", "probabilities", "images",
}  # fmt: skip
VALUES = {"search": False, "num_resamples": 7, "seed": 5}
PARTS = {
    "vice": {
        "preset": "reference", "num_dimensions": 5, "spike": 0.1, "slab": 2.0, "spike_share": 0.3,
        "batch_size": 9, "learning_rate": 0.5, "burn_in_epochs": 3, "stable_epochs": 3,
        "cool_down_epochs": 3, "max_epochs": 3, "fdr": 0.2, "min_objects": 2, "num_samples": 3,
        "held_out_fraction": 0.3,
    },
    "fit": {
        "targets": "hard", "regularisation": 0.7, "learning_rate": 0.7, "local_weight": 0.7,
        "local_temperature": 0.7, "num_components": 3, "batch_size": 7, "local_batch_size": 7,
        "max_epochs": 7, "patience": 7, "least_improvement": 0.7, "optimizer": "sgd",
        "gradient_clip": 0.7, "averaging": 0.7, "initial_scale": 0.7, "num_folds": 7,
        "num_triplets": 7, "num_validation_triplets": 7, "num_local_images": 7,
    },
    "grid": {
        "regularisation": (7.0,), "learning_rate": (7.0,), "local_weight": (0.7,),
        "local_temperature": (7.0,),
    },
}  # fmt: skip
BACKBONE = {
    "name": "other", "model_args": ("a=b",), "representation": "output", "dim": 3,
    "weights_sha256": "1", "random_init": True,
    "preprocessing": Preprocessing(resolution=9, resize="squash", crop_fraction=1.0,
                                   interpolation="nearest", mean=(0, 0, 0), std=(1, 1, 1)),
}  # fmt: skip
CHANGES_NOTHING = {
    "output": "a place",
    "cache": "a place",
    "plugins": "code; what it registers is in the weights and the architecture",
    "resources": "machines",
    "vice_cpus": "machines: threads change the last bits alone",
    "fit_cpus": "machines: threads change the last bits alone",
    "choices_layout": "says what a file holds that holds one thing alone; or refuses it",
    "responses_layout": "as that of the choices",
    "check_order": "refuses, and changes no result",
}
PARTS_OF = {"vice": ViceConfig, "fit": FitConfig, "grid": SearchConfig}


def resolved(**changes):
    backbone = BackboneConfig(name="one")
    pixels = Preprocessing(resolution=8, resize="crop", crop_fraction=0.9, interpolation="bicubic",
                           mean=(0, 0, 0), std=(1, 1, 1))  # fmt: skip
    given = {"name": backbone.name, "model_args": (), "representation": "pre_logits", "dim": 2,
             "weights_sha256": "0", "preprocessing": pixels}  # fmt: skip
    return ResolvedBackbone(**given | changes)


def record(config, backbone=None):
    return _settings(config, find_objects(config, NAMES), backbone or resolved())


@pytest.fixture
def base(tmp_path):
    """Settings of ready embeddings and choices; every file that can be given beside them."""
    np.save(tmp_path / "embeddings.npy", np.eye(4))
    for name in ("names", "embeddings_names"):
        (tmp_path / f"{name}.txt").write_text("\n".join(NAMES))
    for name in ("choices.txt", "responses.txt"):
        (tmp_path / name).write_text("0 1 2\n")
    np.save(tmp_path / "local_run.npy", np.eye(2))
    places = {
        "choices": "choices.txt", "responses": "responses.txt", "names": "names.txt",
        "embeddings": "embeddings.npy", "embeddings_names": "embeddings_names.txt",
        "local_run": "local_run.npy",
    }  # fmt: skip
    return FitTeacherConfig(
        output=str(tmp_path / "o"), **{k: str(tmp_path / v) for k, v in places.items()}
    )


def test_every_setting_is_on_one_side():
    named = {*FILES, *VALUES, *PARTS, *CHANGES_NOTHING, "backbone"}
    assert {field.name for field in fields(FitTeacherConfig)} == named
    for part, kind in PARTS_OF.items():
        assert {field.name for field in fields(kind)} == set(PARTS[part])
    recorded = {field.name for field in fields(ResolvedBackbone)} - {"checkpoint"}
    assert recorded == set(BACKBONE)
    asked = {field.name for field in fields(BackboneConfig)} - {"checkpoint", "preset"}
    assert asked <= recorded
    pixels = {field.name for field in fields(PreprocessingConfig)} - {"preset"}
    assert pixels == {field.name for field in fields(Preprocessing)}


def test_every_setting_that_decides_the_teacher_is_in_the_record(base):
    first = record(base)
    changed = [replace(base, **{name: value}) for name, value in VALUES.items()]
    for part, values in PARTS.items():
        own = getattr(base, part)
        changed += [replace(base, **{part: replace(own, **{k: v})}) for k, v in values.items()]
    found = [record(config) for config in changed]
    found += [record(base, resolved(**{name: value})) for name, value in BACKBONE.items()]
    for other in found:
        assert other != first
    assert len({str(other) for other in found}) == len(found)


@pytest.mark.parametrize("name", ["choices", "responses", "names", "embeddings", "local_run"])
def test_another_content_of_a_file_is_another_teacher_and_another_place_is_not(
    base, name, tmp_path
):
    first, place = record(base), tmp_path / getattr(base, name)
    moved = tmp_path / f"moved{place.suffix}"
    moved.write_bytes(place.read_bytes())
    assert record(replace(base, **{name: str(moved)})) == first
    if place.suffix == ".npy":
        np.save(moved, np.load(place) + 1)
    else:
        moved.write_text(moved.read_text() + "\n\n")
    assert record(replace(base, **{name: str(moved)})) != first


def test_what_changes_nothing_is_not_in_the_record(base, tmp_path):
    first = record(base)
    changes = {"output": str(tmp_path / "p"), "vice_cpus": 1, "fit_cpus": 2, "check_order": False,
               "resources": Resources(num_cpus=1), "choices_layout": "triplets"}  # fmt: skip
    for name, value in changes.items():
        assert record(replace(base, **{name: value})) == first
