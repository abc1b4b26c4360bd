"""Settings of fit_teacher are refused where they cannot be meant; --help needs nothing heavy."""

import subprocess
import sys
from pathlib import Path

from alignet_ray.cli import parse_config
from alignet_ray.config.fit_teacher import FitTeacherConfig

JOB = Path(__file__).resolve().parents[2] / "jobs" / "fit_teacher.py"
PLACES = ("--images", "i", "--names", "n", "--output", "o")


def test_settings_parse():
    config = parse_config(
        FitTeacherConfig,
        [*PLACES, "--human-embedding", "e", "--fit.regularisation", "2", "--seed", "3"],
    )
    assert (config.fit.regularisation, config.seed) == (2.0, 3)


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
    for flag in ("--choices", "--choices-layout", "--human-embedding", "--responses-layout",
                 "--embeddings", "--human-scale"):  # fmt: skip
        assert f"{flag} " in done.stdout
