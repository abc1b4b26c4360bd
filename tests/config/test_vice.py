"""Presets: what is not given is the preset's, and the fast one counts in steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.config.vice import ViceConfig
from alignet_ray.errors import ConfigError


def test_the_reference_is_the_published_one():
    resolved = ViceConfig(preset="reference").resolved(4_000_000)
    assert (resolved.batch_size, resolved.learning_rate) == (128, 1e-3)
    assert (resolved.burn_in_epochs, resolved.stable_epochs, resolved.max_epochs) == (
        500,
        500,
        2000,
    )
    assert resolved.cool_down_epochs == 0
    assert resolved.initial_log_scale is None


@given(st.integers(1, 10_000_000))
def test_the_fast_preset_takes_enough_steps_whatever_the_size_of_the_study(num_choices):
    resolved = ViceConfig().resolved(num_choices)
    assert resolved.batch_size is not None
    steps = -(-num_choices // resolved.batch_size)
    assert 256 <= resolved.batch_size <= 16_384
    for epochs, least in ((resolved.burn_in_epochs, 1000), (resolved.max_epochs, 20_000)):
        assert epochs is not None
        assert epochs * steps >= least


def test_what_is_given_stays():
    resolved = ViceConfig(batch_size=64, stable_epochs=3, learning_rate=0.5).resolved(1000)
    assert (resolved.batch_size, resolved.stable_epochs, resolved.learning_rate) == (64, 3, 0.5)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_dimensions", 0), ("spike", 0.0), ("slab", -1.0), ("spike_share", 1.0),
        ("batch_size", 0), ("learning_rate", 0.0), ("burn_in_epochs", -1), ("stable_epochs", 0),
        ("max_epochs", 0), ("fdr", 0.0), ("min_objects", -1), ("num_samples", 0),
        ("held_out_fraction", 0.0), ("held_out_fraction", 1.0),
    ],
)  # fmt: skip
def test_impossible_numbers_name_their_flag(field, value):
    with pytest.raises(ConfigError, match=f"--vice.{field.replace('_', '-')}: {value}"):
        ViceConfig(**{field: value})
