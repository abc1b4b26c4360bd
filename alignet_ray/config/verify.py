"""Settings of `jobs/verify.py`."""

from dataclasses import dataclass, field

from alignet_ray.config.resources import RayResources


@dataclass(frozen=True, kw_only=True)
class VerifyConfig:
    """Is every record of a run what it must be? Lists what is broken, and removes it if asked."""

    run: str
    """Root of the run, at any fsspec URL."""
    repair: bool = False
    """Delete what is broken, so that the next generate makes exactly that again."""
    quick: bool = False
    """Only presence, sizes and digests of records; no content is read."""
    json: str | None = None
    """File for the whole report, every problem and orphan of it; any fsspec URL."""
    resources: RayResources = field(default_factory=RayResources)
    """Machines."""
