"""Machine facts are checked before anything starts."""

import pytest

from alignet_ray.config.resources import Resources
from alignet_ray.errors import ConfigError


def test_defaults_are_allowed():
    assert Resources().device == "auto"


@pytest.mark.parametrize(
    "fields",
    [{"num_cpus": 0}, {"num_actors": 0}, {"threads_per_actor": 0}, {"timeout_seconds": 0.0}],
)
def test_nothing_below_its_least_value_is_taken(fields):
    (name,) = fields
    with pytest.raises(ConfigError, match=f"--resources.{name.replace('_', '-')}: 0"):
        Resources(**fields)
