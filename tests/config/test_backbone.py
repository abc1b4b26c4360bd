"""Backbone records come back as they were, and what cannot be is refused."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.config.backbone import (
    BackboneConfig,
    Preprocessing,
    PreprocessingConfig,
    ResolvedBackbone,
)
from alignet_ray.errors import ConfigError, RecordError

CHANNELS = st.tuples(*[st.floats(0.001, 1)] * 3)
RESOLVED = st.builds(
    ResolvedBackbone,
    name=st.text(),
    model_args=st.lists(st.sampled_from(["a=1", "pad_type=same"])).map(tuple),
    representation=st.sampled_from(["pre_logits", "output", "block:3"]),
    preprocessing=st.builds(
        Preprocessing,
        resolution=st.integers(8, 1000),
        resize=st.sampled_from(["crop", "squash"]),
        crop_fraction=st.floats(0.5, 1),
        interpolation=st.sampled_from(["bilinear", "bicubic"]),
        mean=CHANNELS,
        std=CHANNELS,
    ),
    dim=st.integers(1, 4096),
    weights_sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    checkpoint=st.none() | st.text(),
)


@given(RESOLVED)
def test_a_record_comes_back_as_it_was(backbone):
    record = json.loads(json.dumps(backbone.to_json()))
    assert ResolvedBackbone.from_json(record, "here") == backbone


@given(RESOLVED, st.none() | st.text())
def test_identity_does_not_know_where_the_weights_lie(backbone, checkpoint):
    assert replace(backbone, checkpoint=checkpoint).identity() == backbone.identity()


@given(RESOLVED)
def test_the_request_for_a_record_asks_for_all_of_it(backbone):
    config = backbone.as_config("gs://b/elsewhere")
    assert config.checkpoint == "gs://b/elsewhere"
    asked = {name: getattr(config, name) for name in ("name", "model_args", "representation")}
    assert asked == {name: getattr(backbone, name) for name in asked}
    assert vars(config.preprocessing) == {"preset": "backbone", **vars(backbone.preprocessing)}


@pytest.mark.parametrize(
    "record", [{}, [], {"preprocessing": "abc"}, {"preprocessing": {"mean": 1}}]
)
def test_an_altered_record_is_refused_with_its_place(record):
    with pytest.raises(RecordError, match="here: "):
        ResolvedBackbone.from_json(record, "here")


@given(RESOLVED, st.sampled_from(["name", "dim", "weights_sha256", "preprocessing"]))
def test_a_record_without_a_field_names_it(backbone, name):
    record = backbone.to_json()
    del record[name]
    with pytest.raises(RecordError, match=name):
        ResolvedBackbone.from_json(record, "here")


@given(RESOLVED)
def test_a_record_of_a_layer_that_has_no_name_is_refused(backbone):
    record = {**backbone.to_json(), "representation": "logits"}
    with pytest.raises(RecordError, match="here: representation 'logits'"):
        ResolvedBackbone.from_json(record, "here")


def test_a_checkpoint_and_random_weights_exclude_each_other():
    with pytest.raises(ConfigError, match="one of the two"):
        BackboneConfig(random_init=True, checkpoint="a.safetensors")


def test_a_model_argument_needs_a_value():
    with pytest.raises(ConfigError, match=r"--backbone.model-args: 'same'; expected key=value"):
        BackboneConfig(model_args=("same",))


@pytest.mark.parametrize(
    "fields", [{"resolution": 7}, {"crop_fraction": 0.0}, {"std": (1.0, 0.0, 1.0)}]
)
def test_preprocessing_that_cannot_be_is_refused(fields):
    (name,) = fields
    with pytest.raises(ConfigError, match=f"--preprocessing.{name.replace('_', '-')}"):
        PreprocessingConfig(**fields)


def test_a_local_checkpoint_is_absolute_because_workers_change_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert BackboneConfig(checkpoint="w.safetensors").checkpoint == str(tmp_path / "w.safetensors")
    assert BackboneConfig(checkpoint="gs://b/w.safetensors").checkpoint == "gs://b/w.safetensors"
