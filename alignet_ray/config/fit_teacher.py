"""Settings of `jobs/fit_teacher.py`."""

from dataclasses import dataclass, field

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.config.checks import at_least
from alignet_ray.config.human_sources import HumanSourcesConfig
from alignet_ray.config.resources import Resources
from alignet_ray.config.transform_fit import FitConfig, SearchConfig, candidates
from alignet_ray.config.urls import absolute_plugins
from alignet_ray.config.vice import ViceConfig


@dataclass(frozen=True, kw_only=True)
class FitTeacherConfig(HumanSourcesConfig):
    """Human judgements and images of their objects to a surrogate teacher: W, b and a bundle."""

    output: str
    """Folder for the teacher bundle."""
    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    """The teacher's backbone."""
    plugins: tuple[str, ...] = ()
    """Modules of your own to import first: dotted names or .py files."""
    vice: ViceConfig = field(default_factory=ViceConfig)
    """The human embedding that is fitted to --choices."""
    vice_cpus: int = 2
    """CPU threads of that fit, which runs on one node."""
    fit: FitConfig = field(default_factory=FitConfig)
    """The affine fit."""
    search: bool = True
    """Choose settings of the fit among a grid by cross-validation over objects."""
    grid: SearchConfig = field(default_factory=SearchConfig)
    """The grid."""
    local_run: str | None = None
    """Adds the local loss (gLocal): a run of generate with the same backbone, whose embeddings are
    read, or an .npy of raw embeddings."""
    num_resamples: int = 1000
    """Bootstrap resamples of the intervals."""
    seed: int = 0
    """Seed of folds, drawn triplets and resamples."""
    cache: str | None = None
    """Folder for raw embeddings, to share between jobs; default `cache` in the output."""
    fit_cpus: int = 1
    """CPU threads of each fit; a search runs as many fits at once as there are cores for."""
    resources: Resources = field(default_factory=Resources)
    """Machines."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("num_resamples", self.num_resamples, 1)
        at_least("seed", self.seed, 0)
        at_least("fit_cpus", self.fit_cpus, 1)
        at_least("vice_cpus", self.vice_cpus, 1)
        candidates(
            self.fit, self.grid, search=self.search, has_local=self.local_run is not None
        )  # raises for values that would not be used
        object.__setattr__(self, "plugins", absolute_plugins(self.plugins))
