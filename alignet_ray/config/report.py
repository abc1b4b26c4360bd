"""Settings of `jobs/report.py`."""

from dataclasses import dataclass, field

from alignet_ray.config.resources import RayResources


@dataclass(frozen=True, kw_only=True)
class ReportConfig:
    """Make the report of a run, teacher, student or evaluation again, from its folder."""

    run: str
    """Any folder that a job wrote, at any fsspec URL: a run of generate, a teacher of fit_teacher,
    a student of train or the output of evaluate. What lies there decides which report it is."""
    resources: RayResources = field(default_factory=RayResources)
    """Machines; the report of anything but a run needs none."""
