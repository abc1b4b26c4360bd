"""Where every job begins: a Python without the package gets one line instead of a traceback."""

import sys

try:
    from alignet_ray.cli import run_job
except ModuleNotFoundError as error:
    sys.exit(
        f"error: {sys.executable} has no {error.name}; expected the environment that `make demo` "
        "or `make install` sets up. Activate it: . .venv/bin/activate"
    )

__all__ = ["run_job"]
