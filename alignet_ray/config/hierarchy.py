"""Settings of the conceptual hierarchy part of `jobs/evaluate.py`."""

from dataclasses import dataclass, field

from alignet_ray.config.checks import at_least
from alignet_ray.config.sources import SourceConfig


@dataclass(frozen=True, kw_only=True)
class HierarchyConfig:
    """How distances change along a hierarchy of classes, from before to after alignment."""

    images: tuple[str, ...] = ()
    """Labelled images: folders with one folder per class, lists, tars or shards."""
    source: SourceConfig = field(default_factory=SourceConfig)
    """How the images and their labels are read."""
    categories: str | None = None
    """Basic and superordinate category of each class: a .csv with columns class, basic,
    superordinate, or a folder with the files of BREEDS."""
    layers: tuple[str, ...] = ()
    """Inner layers to look at as well, as `block:3` (the fourth feature stage or block, averaged
    over places)."""
    pairs_per_relation: int = 2000
    """Most pairs of each relation in the regression."""
    num_components: int = 32
    """Principal components whose share of the variance is told."""

    def __post_init__(self) -> None:
        at_least("hierarchy.pairs_per_relation", self.pairs_per_relation, 10)
        at_least("hierarchy.num_components", self.num_components, 2)
