"""Settings of `jobs/report.py`."""

from dataclasses import dataclass, field

from alignet_ray.config.resources import RayResources


@dataclass(frozen=True, kw_only=True)
class ReportConfig:
    """Make the report of a run, teacher, student or evaluation again, from its folder."""

    run: str
    """Root of the run, or folder of a teacher, student or evaluation, at any fsspec URL."""
    resources: RayResources = field(default_factory=RayResources)
    """Machines; the report of anything but a run needs none."""
