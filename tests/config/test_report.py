"""Settings of the report."""

import pytest

from alignet_ray.cli import parse_config
from alignet_ray.config.report import ReportConfig
from alignet_ray.errors import ConfigError


def test_a_run_is_all_it_needs():
    assert parse_config(ReportConfig, ["--run", "gs://b/run"]).run == "gs://b/run"


def test_without_a_run_it_says_so():
    with pytest.raises(ConfigError, match="--run"):
        parse_config(ReportConfig, [])
