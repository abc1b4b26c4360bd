"""Settings of `jobs/report.py`."""

from dataclasses import dataclass, field

from alignet_ray.config.resources import Resources


@dataclass(frozen=True, kw_only=True)
class ReportConfig:
    """Make the report of a finished run again, from its records alone."""

    run: str
    """Root of the run, at any fsspec URL."""
    resources: Resources = field(default_factory=Resources)
    """Machines."""
