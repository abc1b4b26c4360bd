"""Settings of `jobs/evaluate.py`."""

from dataclasses import dataclass, field
from typing import Literal

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.config.checks import at_least
from alignet_ray.config.human_sources import ChoicesLayout
from alignet_ray.config.resources import Resources
from alignet_ray.config.urls import absolute_plugins
from alignet_ray.errors import ConfigError

Similarity = Literal["dot", "centred_dot", "centred_cosine"]


@dataclass(frozen=True, kw_only=True)
class EvaluatedBackboneConfig(BackboneConfig):
    """One more model, where a name alone does not say it: checkpoint, arguments, pixels."""

    name: str = ""
    """Model name; empty for none."""


@dataclass(frozen=True, kw_only=True)
class EvaluateConfig:
    """Agreement of models with human odd-one-out responses, with intervals, before and after."""

    images: str
    """Folder of object images, `<id>.jpg` or `<id>_01b.jpg`, at any fsspec URL."""
    names: str
    """Object ids, one a line: the order of the responses' numbers."""
    responses: str
    """Odd-one-out choices of people: text, .npy, .csv or .parquet."""
    responses_layout: ChoicesLayout = "auto"
    """`triplets`: anchor positive odd, from 0; `responses`: i j k choice subject, from 1;
    `table`: columns object1, object2, object3, odd with ids."""
    output: str
    """Folder for results.json."""
    models: tuple[str, ...] = ()
    """Student folders (before and after), teacher bundles (untransformed and transformed), or
    names of timm or open_clip; `label=...` names one in the table."""
    backbone: EvaluatedBackboneConfig = field(default_factory=EvaluatedBackboneConfig)
    """One more model with a checkpoint or arguments of its own."""
    data_name: str = "human responses"
    """What the data are called in the results."""
    similarities: tuple[Similarity, ...] = ("dot", "centred_cosine")
    """How two representations are compared; centring takes the mean of all embedded objects."""
    num_resamples: int = 1000
    """Bootstrap resamples of the intervals."""
    seed: int = 0
    """Seed of the resamples."""
    plugins: tuple[str, ...] = ()
    """Modules of your own to import first: dotted names or .py files."""
    cache: str | None = None
    """Folder for raw embeddings, to share between jobs; default `cache` in the output."""
    resources: Resources = field(default_factory=Resources)
    """Machines."""

    def __post_init__(self) -> None:
        at_least("num_resamples", self.num_resamples, 1)
        at_least("seed", self.seed, 0)
        object.__setattr__(self, "plugins", absolute_plugins(self.plugins))
        if not self.backbone.name and self.backbone != EvaluatedBackboneConfig():
            raise ConfigError("settings without a name", "--backbone.name as well", "--backbone")
        if not self.models and not self.backbone.name:
            raise ConfigError("no model", "at least one", "--models or --backbone.name")
        if not self.similarities:
            raise ConfigError("no similarity", "at least one", "--similarities")
        if len(set(self.similarities)) < len(self.similarities):
            raise ConfigError("a similarity twice", "each once", "--similarities")
