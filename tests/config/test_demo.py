"""Settings of the demo have defaults for everything and refuse what cannot work."""

import pytest

from alignet_ray.cli import parse_config
from alignet_ray.config.demo import DemoConfig
from alignet_ray.errors import ConfigError


def test_it_runs_without_any_flag() -> None:
    assert parse_config(DemoConfig, []).output == "demo_output"


@pytest.mark.parametrize("flag", ["--num-images", "--num-groups", "--num-workers"])
def test_too_little_is_refused(flag: str) -> None:
    with pytest.raises(ConfigError, match=flag):
        parse_config(DemoConfig, [flag, "0"])
