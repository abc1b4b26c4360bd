"""Settings of fit_teacher are refused where they cannot be meant; --help needs nothing heavy."""

import subprocess
import sys
from pathlib import Path

import pytest

from alignet_ray.cli import parse_config
from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.errors import ConfigError

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


@pytest.mark.parametrize(
    "flags",
    [
        ("--probabilities", "p", "--vice.preset", "reference"),
        ("--human-embedding", "e", "--vice.num-samples", "7"),
        ("--choices", "c", "--fit.targets", "hard", "--vice.fdr", "0.1"),
        ("--choices", "c", "--fit.targets", "hard", "--fit.num-triplets", "7"),
        ("--human-embedding", "e", "--fit.num-local-images", "7"),
        ("--human-embedding", "e", "--embeddings", "v.npz", "--cache", "d"),
    ],
)
def test_flags_that_nothing_would_use_are_refused(flags):
    with pytest.raises(ConfigError, match="nothing would use it"):
        parse_config(FitTeacherConfig, [*PLACES, *flags])


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("--human-embedding", "e"), None),
        (("--human-embedding", "e", "--human-scale", "s"), {"num_samples": 50}),
        (("--human-embedding", "e", "--human-scale", "s", "--vice.num-samples", "7"),
         {"num_samples": 7}),
        (("--choices", "c", "--fit.targets", "hard"), None),
    ],
)  # fmt: skip
def test_the_teacher_depends_on_what_is_used_of_vice(flags, expected):
    assert parse_config(FitTeacherConfig, [*PLACES, *flags]).vice_settings == expected


def test_a_fitted_embedding_depends_on_all_of_vice():
    config = parse_config(FitTeacherConfig, [*PLACES, "--choices", "c", "--vice.spike", "0.5"])
    assert config.vice_settings is not None
    assert config.vice_settings["spike"] == 0.5
