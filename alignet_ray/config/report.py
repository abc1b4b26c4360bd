"""Settings of `jobs/report.py`."""

from dataclasses import dataclass, field

from alignet_ray.config.resources import RayResources


@dataclass(frozen=True, kw_only=True)
class ReportConfig:
    """Make the report of a run, a teacher or a student again, from what lies in its folder."""

    run: str
    """Root of the run, or folder of the teacher or student, at any fsspec URL."""
    resources: RayResources = field(default_factory=RayResources)
    """Machines; the report of a teacher or student needs none."""
