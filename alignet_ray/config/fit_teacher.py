"""Settings of `jobs/fit_teacher.py`."""

from dataclasses import asdict, dataclass, field
from typing import Any

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.config.checks import at_least, flag
from alignet_ray.config.human_sources import HumanSourcesConfig
from alignet_ray.config.resources import Resources
from alignet_ray.config.transform_fit import FitConfig, SearchConfig, candidates
from alignet_ray.config.urls import absolute_plugins
from alignet_ray.config.vice import ViceConfig
from alignet_ray.errors import ConfigError


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
        self._refuse_what_is_not_used()
        object.__setattr__(self, "plugins", absolute_plugins(self.plugins))

    @property
    def fits_vice(self) -> bool:
        """Whether a human embedding is fitted: to choices, unless they are the targets."""
        return self.choices is not None and self.fit.targets == "soft"

    @property
    def vice_settings(self) -> dict[str, Any] | None:
        """What of `vice` the teacher depends on."""
        if self.fits_vice:
            return asdict(self.vice)
        return None if self.human_scale is None else {"num_samples": self.vice.num_samples}

    def _refuse_what_is_not_used(self) -> None:
        """Raise ConfigError for a flag that would change nothing."""
        default, usual = FitConfig(), ViceConfig(num_samples=self.vice.num_samples)
        has_samples = self.fits_vice or self.human_scale is not None
        draws = self.human_embedding is not None or self.fits_vice
        has_local = self.local_run is not None
        unused = (
            ("--vice", self.vice != usual and not self.fits_vice, "--choices and soft targets"),
            (
                "--vice.num-samples", self.vice.num_samples != ViceConfig().num_samples
                and not has_samples, "--choices and soft targets, or --human-scale",
            ),
            *(
                (flag(f"fit.{name}"), getattr(self.fit, name) != getattr(default, name)
                 and not is_used, needs)
                for name, is_used, needs in (
                    ("num_triplets", draws, "an embedding to draw them from"),
                    ("num_validation_triplets", draws, "an embedding to draw them from"),
                    ("num_local_images", has_local, "--local-run"),
                    ("local_batch_size", has_local, "--local-run"),
                )
            ),
            ("--cache", self.cache is not None and self.embeddings is not None, "--images alone"),
        )  # fmt: skip
        for name, is_unused, needs in unused:
            if is_unused:
                raise ConfigError("given, and nothing would use it", needs, name, "Leave it out.")
