"""Whether `config.yaml` is there, whole, and the one text that its settings have."""

from alignet_ray.errors import RecordError
from alignet_ray.generation.verification.findings import MISSING, Problem, Record, examine
from alignet_ray.records.run import CONFIG_NAME, RunSettings, read_settings
from alignet_ray.records.store import Folder

_CONFIG = Record(kind="config")


def check_settings(root: Folder) -> tuple[RunSettings | None, tuple[Problem, ...]]:
    """The settings, or None where they cannot be trusted, and what is wrong.

    Settings that give their digests are trusted, whatever else was changed in the file.
    """
    settings = examine(_CONFIG, lambda: _settings(root))
    if isinstance(settings, Problem):
        return None, (settings,)
    altered = examine(_CONFIG, lambda: _check_text(root, settings))
    return settings, () if altered is None else (altered,)


def _settings(root: Folder) -> RunSettings:
    settings = read_settings(root)
    if settings is None:
        raise RecordError(MISSING, "the settings of a run", root.place(CONFIG_NAME))
    return settings


def _check_text(root: Folder, settings: RunSettings) -> None:
    if root.read(CONFIG_NAME) != settings.to_yaml():
        place = root.place(CONFIG_NAME)
        raise RecordError("altered text", "the one text that its settings have", place)
