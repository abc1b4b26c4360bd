"""The user's own modules, imported so that they register models: only those a flag names."""

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from alignet_ray.errors import InputError


def import_plugins(plugins: Sequence[str]) -> None:
    """Import the user's own modules, by dotted name or .py file, so that they register models.

    Only what the user names on the command line is ever imported.
    """
    for plugin in plugins:
        try:
            if plugin.endswith(".py"):
                _import_file(Path(plugin).resolve())
            else:
                importlib.import_module(plugin)
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            raise InputError(text, "an importable module", f"--plugins {plugin}") from error


def _import_file(path: Path) -> None:
    name = f"alignet_ray_plugin_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return
    if not path.is_file():
        raise OSError("no such file")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]  # half a module must not pass for one the next time
        raise
