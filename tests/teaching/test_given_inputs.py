"""Every file and folder that the settings can name is looked for before anything starts."""

from dataclasses import fields

import pytest

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.config.human_sources import HumanSourcesConfig
from alignet_ray.errors import InputError
from alignet_ray.teaching.given_inputs import refuse_missing_inputs

NONE = "none.npy"
CHOICES = {"choices": "choices.csv"}
READY = {"embeddings": "e.npz"}
EMBEDDING = {"human_embedding": "mean.npy"}
NAMED = [
    ("choices", READY),
    ("probabilities", READY),
    ("human_embedding", READY),
    ("human_scale", {**EMBEDDING, **READY}),
    ("human_embedding_names", {**EMBEDDING, **READY}),
    ("names", {**CHOICES, **READY}),
    ("responses", {**CHOICES, **READY}),
    ("embeddings", {**CHOICES, "names": "names.txt"}),
    ("embeddings_names", {**CHOICES, **READY}),
    ("images", CHOICES),
    ("local_run", {**CHOICES, **READY}),
]
NO_PLACES = {"choices_layout", "responses_layout", "check_order"}


@pytest.fixture
def config(tmp_path):
    def make(**given):
        for url in given.values():
            if url != NONE:
                (tmp_path / url).write_bytes(b"")
        places = {name: str(tmp_path / url) for name, url in given.items()}
        return FitTeacherConfig(output=str(tmp_path / "teacher"), **places)

    return make


@pytest.mark.parametrize(("name", "others"), NAMED)
def test_what_is_named_and_not_there_is_told_with_its_flag(config, name, others):
    with pytest.raises(InputError) as caught:
        refuse_missing_inputs(config(**others, **{name: NONE}))
    assert caught.value.place.endswith(NONE)
    assert caught.value.remedy == f"Check --{name.replace('_', '-')}."


def test_no_place_of_the_sources_is_forgotten():
    named = {name for name, _ in NAMED} | NO_PLACES
    assert {field.name for field in fields(HumanSourcesConfig)} <= named


def test_weights_and_a_run_that_are_not_there_and_files_that_are(config, tmp_path):
    given = config(**CHOICES, **READY)
    refuse_missing_inputs(given)
    folder = tmp_path / "run"
    folder.mkdir()
    refuse_missing_inputs(FitTeacherConfig(**{**vars(given), "local_run": str(folder)}))
    weights = BackboneConfig(checkpoint=str(tmp_path / "none.safetensors"))
    for change, flag in (
        ({"backbone": weights}, "--backbone.checkpoint"),
        ({"local_run": str(tmp_path / "none")}, "--local-run"),
    ):
        with pytest.raises(InputError, match=f"Check {flag}"):
            refuse_missing_inputs(FitTeacherConfig(**{**vars(given), **change}))
