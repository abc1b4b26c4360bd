"""A layer's name is one of few words or a numbered block; anything else is refused at once."""

import pytest

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.config.layers import block_number, is_representation, refuse_no_block
from alignet_ray.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "number"),
    [("block:0", 0), ("block:31", 31), ("pre_logits", None), ("output", None), ("auto", None)],
)
def test_the_number_of_a_block(name, number):
    assert block_number(name) == number
    assert is_representation(name) == (name != "auto")
    assert BackboneConfig(representation=name).representation == name


@pytest.mark.parametrize("name", ["block:", "block:-1", "block:03", "block:1 ", "logits", ""])
def test_what_names_no_layer_is_refused(name):
    with pytest.raises(ConfigError, match=r"--backbone.representation: .*block:3"):
        BackboneConfig(representation=name)
    with pytest.raises(ConfigError, match="--x: "):
        refuse_no_block(name, "--x")


def test_an_output_is_no_inner_block():
    with pytest.raises(ConfigError, match="'output'; expected an inner block"):
        refuse_no_block("output", "--x")
