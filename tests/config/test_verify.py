"""Settings of verify; --help needs nothing heavy."""

import subprocess
import sys
from pathlib import Path

import pytest

from alignet_ray.cli import parse_config
from alignet_ray.config.verify import VerifyConfig
from alignet_ray.errors import ConfigError

JOB = Path(__file__).resolve().parents[2] / "jobs" / "verify.py"


def test_nothing_is_repaired_unless_asked():
    config = parse_config(VerifyConfig, ["--run", "r"])
    assert (config.repair, config.quick, config.json) == (False, False, None)
    config = parse_config(VerifyConfig, ["--run", "r", "--repair", "--quick", "--json", "f"])
    assert (config.repair, config.quick, config.json) == (True, True, "f")


def test_a_run_must_be_named():
    with pytest.raises(ConfigError, match="--run"):
        parse_config(VerifyConfig, [])


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
    assert "--repair" in done.stdout
