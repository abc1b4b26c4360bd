"""Settings of evaluate are refused where they cannot be meant; --help needs nothing heavy."""

import subprocess
import sys
from pathlib import Path

import pytest

from alignet_ray.cli import parse_config
from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.errors import ConfigError

JOB = Path(__file__).resolve().parents[2] / "jobs" / "evaluate.py"
PLACES = ("--images", "i", "--names", "n", "--responses", "r", "--output", "o")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no model"),
        (("--models", "a", "--similarities"), "no similarity"),
        (("--models", "a", "--similarities", "dot", "dot"), "a similarity twice"),
        (("--models", "a", "--similarities", "cosine"), "cosine"),
        (("--models", "a", "--num-resamples", "0"), "--num-resamples"),
    ],
)
def test_settings_that_cannot_be_meant(arguments, said):
    with pytest.raises(ConfigError, match=said):
        parse_config(EvaluateConfig, [*PLACES, *arguments])


def test_a_backbone_alone_is_a_model():
    config = parse_config(EvaluateConfig, [*PLACES, "--backbone.name", "resnet18"])
    assert config.models == ()
    assert config.similarities == ("dot", "centred_cosine")


def test_help_imports_nothing_heavy():
    program = (
        "import runpy, sys\n"
        f"sys.argv = [{str(JOB)!r}, '--help']\n"
        "try:\n"
        f"    runpy.run_path({str(JOB)!r}, run_name='__main__')\n"
        "finally:\n"
        "    assert not {'ray', 'torch', 'numpy'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=JOB.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "--models" in done.stdout
