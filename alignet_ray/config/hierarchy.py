"""Settings of the conceptual hierarchy part of `jobs/evaluate.py`."""

from dataclasses import dataclass, field

from alignet_ray.config.checks import at_least
from alignet_ray.config.layers import refuse_no_block
from alignet_ray.config.sources import SourceConfig
from alignet_ray.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class HierarchyConfig:
    """How distances change along a hierarchy of classes, from before to after alignment."""

    images: tuple[str, ...] = ()
    """Labelled images: folders with one folder per class, lists, tars or shards; labels are names
    of classes in the categories."""
    source: SourceConfig = field(default_factory=SourceConfig)
    """How the images and their labels are read."""
    categories: str | None = None
    """Basic and superordinate category of each class: a .csv with columns class, basic,
    superordinate, or a folder with the files of BREEDS."""
    layers: tuple[str, ...] = ()
    """Inner layers to look at as well, as `block:3` (block or stage 3 counted from 0, averaged
    over places)."""
    pairs_per_relation: int = 2000
    """Most pairs of each relation in the regression."""
    num_components: int = 32
    """Principal components whose share of the variance is told."""

    def __post_init__(self) -> None:
        at_least("hierarchy.pairs_per_relation", self.pairs_per_relation, 10)
        at_least("hierarchy.num_components", self.num_components, 2)
        for layer in self.layers:
            refuse_no_block(layer, "--hierarchy.layers")
        if len(set(self.layers)) < len(self.layers):
            raise ConfigError("a layer twice", "each once", "--hierarchy.layers")
        if self.source.labels is not None and len(self.images) > 1:
            raise ConfigError(
                f"{self.source.labels} for {len(self.images)} sources", "labels of one source",
                "--hierarchy.source.labels",
            )  # fmt: skip
