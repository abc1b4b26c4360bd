"""Settings of train: machine facts are no settings, and impossible numbers are refused."""

import os

import pytest

from alignet_ray.cli import parse_config
from alignet_ray.config.train import TrainConfig
from alignet_ray.errors import ConfigError

LEAST = ["--runs", "r", "--output", "o", "--student.name", "test_vit"]


def test_machine_facts_do_not_change_the_settings() -> None:
    one = parse_config(TrainConfig, LEAST)
    two = parse_config(TrainConfig, [*LEAST, "--num-workers", "2", "--resources.device", "cpu"])
    assert one.settings() == two.settings()


def test_how_passes_are_made_changes_no_setting_but_precision_does() -> None:
    plain = parse_config(TrainConfig, LEAST).settings()
    passes = ["--micro-batch-images", "64", "--gradient-checkpointing", "--compile"]
    assert parse_config(TrainConfig, [*LEAST, *passes]).settings() == plain
    for flag in (["--precision", "bfloat16"], ["--batch-norm", "train"], ["--gradient-clip", "1"]):
        assert parse_config(TrainConfig, [*LEAST, *flag]).settings() != plain


def test_how_shards_are_fetched_does_not_change_the_settings() -> None:
    one = parse_config(TrainConfig, LEAST)
    how = ["--data.cache", "copies", "--data.steps-ahead", "4", "--data.tolerate-bad-shards"]
    two = parse_config(TrainConfig, [*LEAST, *how, "--data.add-new-shards"])
    assert one.settings() == two.settings()
    assert two.data.cache == os.path.abspath("copies")
    assert set(one.settings()["data"]) == {"num_streams", "shuffle_buffer"}


@pytest.mark.parametrize("flag", ["--learning-rate", "--loss.weight-decay-to-init", "--seed"])
def test_what_decides_the_result_changes_the_settings(flag: str) -> None:
    changed = parse_config(TrainConfig, [*LEAST, flag, "7"])
    assert changed.settings() != parse_config(TrainConfig, LEAST).settings()


@pytest.mark.parametrize(
    "wrong",
    [
        ["--learning-rate", "0"],
        ["--loss.weight-decay-to-init", "-1"],
        ["--num-workers", "0"],
        ["--loss.student-temperature", "0"],
        ["--loss.student-temperature", "warm"],
        ["--steps", "0"],
        ["--data.steps-ahead", "0"],
        ["--data.max-skipped-fraction", "2"],
        ["--data.cache", "gs://bucket/copies"],
        ["--groups-per-step", "0"],
        ["--micro-batch-images", "0"],
        ["--gradient-clip", "0"],
        ["--loss.head-dim", "0"],
        ["--loss.divergence", "js"],
    ],
)
def test_impossible_values_are_refused(wrong: list[str]) -> None:
    with pytest.raises(ConfigError, match=wrong[0].removeprefix("--")):
        parse_config(TrainConfig, [*LEAST, *wrong])
