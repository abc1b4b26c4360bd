"""Every flag is known with what it takes, and a typo is answered with the flag that was meant."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.config.convert import ConvertConfig
from alignet_ray.config.demo import DemoConfig
from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.config.flags import (
    flags_of,
    given_to,
    refuse_unknown_flags,
    refuse_value,
    wanted,
)
from alignet_ray.config.generate import GenerateConfig
from alignet_ray.config.train import TrainConfig
from alignet_ray.config.verify import VerifyConfig
from alignet_ray.errors import ConfigError

CONFIGS = (ConvertConfig, DemoConfig, EvaluateConfig, GenerateConfig, TrainConfig, VerifyConfig)
FLAGS = flags_of(GenerateConfig)


@pytest.mark.parametrize("config_class", CONFIGS)
def test_every_flag_is_accepted_and_has_words_for_what_it_takes(config_class):
    flags = flags_of(config_class)
    refuse_unknown_flags(list(flags), flags)
    assert all("a value" not in wanted(hint) for hint in flags.values())


@given(st.sampled_from(sorted(FLAGS)), st.data())
def test_a_flag_that_lacks_a_letter_is_no_flag(flag, data):
    at = data.draw(st.integers(2, len(flag) - 1))
    typo = flag[:at] + flag[at + 1 :]
    if typo in FLAGS or typo.endswith("."):
        return
    with pytest.raises(ConfigError, match="no such flag"):
        refuse_unknown_flags([typo], FLAGS)


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("--imges", "--images?"),
        ("--num_group", "--num-groups?"),
        ("--output-npzz=x", "--output?"),
        ("--num-clusters", "--clusters.num-clusters?"),
        ("--shards.stratgy", "--shards.strategy?"),
        ("--no-progres", "--resources.no-progress?"),
    ],
)
def test_the_flag_that_was_meant_is_named(typo, meant):
    with pytest.raises(ConfigError) as caught:
        refuse_unknown_flags(["--seed", "3", typo], FLAGS)
    assert f"Did you mean {meant}" in str(caught.value)


def test_what_nothing_resembles_gets_no_guess():
    with pytest.raises(ConfigError) as caught:
        refuse_unknown_flags(["--xyzzyx"], FLAGS)
    assert str(caught.value) == "--xyzzyx: no such flag. See --help."


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (int | None, "a whole number"),
        (float | Literal["auto"], "a number or `auto`"),
        (Literal["a", "b", "c"], "`a`, `b` or `c`"),
        (tuple[float, float, float] | None, "3 numbers"),
        (tuple[str, ...], "words"),
        (bool, "nothing: it is a switch"),
    ],
)
def test_types_in_words(hint, words):
    assert wanted(hint) == words


def test_the_last_occurrence_counts():
    arguments = ["--seed=1", "--plugins", "a", "b", "--seed", "x", "--num_groups=7"]
    assert given_to("--seed", arguments) == ["x"]
    assert given_to("--plugins", arguments) == ["a", "b"]
    assert given_to("--num-groups", arguments) == ["7"]
    assert str(refuse_value("--seed", int, ["--seed"])) == (
        "--seed: no value; expected a whole number. See --help."
    )
