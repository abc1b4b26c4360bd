"""Settings of `jobs/report.py`."""

from dataclasses import dataclass, field

from alignet_ray.config.resources import RayResources


@dataclass(frozen=True, kw_only=True)
class ReportConfig:
    """Make the report of a finished run again, from its records alone."""

    run: str
    """Root of the run, at any fsspec URL."""
    resources: RayResources = field(default_factory=RayResources)
    """Machines."""
