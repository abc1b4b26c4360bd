"""Settings of `jobs/evaluate.py`."""

from dataclasses import dataclass, field
from typing import Literal

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.config.checks import above, at_least
from alignet_ray.config.downstream import DownstreamConfig
from alignet_ray.config.hierarchy import HierarchyConfig
from alignet_ray.config.human_sources import ChoicesLayout
from alignet_ray.config.levels import LevelsConfig
from alignet_ray.config.resources import Resources
from alignet_ray.config.similarity_judgements import SimilarityJudgementsConfig
from alignet_ray.config.urls import absolute_plugins
from alignet_ray.errors import ConfigError

Similarity = Literal["dot", "centred_dot", "centred_cosine"]
Section = Literal["odd_one_out", "levels", "similarity", "hierarchy", "downstream", "comparison"]


RARELY_GIVEN = (
    "temperatures", "num_resamples", "seed", "plugins",
    "levels.design", "levels.least_responses",
    "similarity.variables", "similarity.most_resampled",
    "hierarchy.source", "hierarchy.pairs_per_relation", "hierarchy.num_components",
    "downstream.source", "downstream.held_out", "downstream.most_train_images",
    "downstream.most_test_images", "downstream.breeds_tasks", "downstream.breeds_splits",
    "backbone.preprocessing",
)  # fmt: skip
"""Settings that `--help` leaves to `--help-all`."""


@dataclass(frozen=True, kw_only=True)
class EvaluatedBackboneConfig(BackboneConfig):
    """One more model, where a name alone does not say it: checkpoint, arguments, pixels."""

    name: str = ""
    """Model name; empty for none."""


@dataclass(frozen=True, kw_only=True)
class EvaluateConfig:
    """How human models are, at every level of abstraction, and what it buys.

    Every part is measured whose data are given; what is left out is said, with the reason.
    """

    models: tuple[str, ...] = ()
    """Student folders (before and after), teacher bundles (untransformed and transformed), ready
    embeddings (.npz, .parquet), or names of timm or open_clip; `label=...` names one."""
    output: str
    """Folder for results.json, figures.csv and the report."""
    images: str | None = None
    """Folder of object images, `<id>.jpg` or `<id>_01b.jpg`, at any fsspec URL."""
    names: str | None = None
    """Object ids, one a line: the order of the responses' numbers."""
    responses: str | None = None
    """Odd-one-out choices of people: text, .npy, .csv or .parquet."""
    responses_layout: ChoicesLayout = "auto"
    """`triplets`: anchor positive odd, from 0; `responses`: i j k choice subject, from 1;
    `table`: columns object1, object2, object3, odd with ids."""
    check_order: bool = True
    """Refuse names whose objects' images fit numbered responses clearly better in another usual
    order."""
    data_name: str = "human responses"
    """What the data are called in the results."""
    only: tuple[Section, ...] = ()
    """Parts to measure; default all that the given data allow."""
    similarities: tuple[Similarity, ...] = ("dot", "centred_cosine")
    """How two representations are compared; centring takes the mean of all embedded objects."""
    temperatures: tuple[float, ...] = (1.0,)
    """Temperatures behind models' entropies; a student's own is added."""
    num_shown: int = 24
    """Triplets and pairs with the largest disagreements, shown as pictures."""
    num_resamples: int = 1000
    """Bootstrap resamples of the intervals."""
    seed: int = 0
    """Seed of the resamples."""
    plugins: tuple[str, ...] = ()
    """Modules of your own to import first: dotted names or .py files."""
    cache: str | None = None
    """Folder for raw embeddings, to share between jobs; default `cache` in the output."""
    levels: LevelsConfig = field(default_factory=LevelsConfig)
    """Levels: people's choices at three levels of abstraction, and catch trials."""
    similarity: SimilarityJudgementsConfig = field(default_factory=SimilarityJudgementsConfig)
    """Human similarity matrices, one or several domains. Every value may be DOMAIN=VALUE."""
    hierarchy: HierarchyConfig = field(default_factory=HierarchyConfig)
    """Conceptual hierarchy: how distances change along classes and their categories."""
    downstream: DownstreamConfig = field(default_factory=DownstreamConfig)
    """Downstream tasks: few-shot, linear and k-NN probes. Data sets may be NAME=URL."""
    backbone: EvaluatedBackboneConfig = field(default_factory=EvaluatedBackboneConfig)
    """One more model with a checkpoint or arguments of its own."""
    resources: Resources = field(default_factory=Resources)
    """Machines."""

    def __post_init__(self) -> None:
        at_least("num_resamples", self.num_resamples, 1)
        at_least("seed", self.seed, 0)
        at_least("num_shown", self.num_shown, 0)
        for temperature in self.temperatures:
            above("temperatures", temperature, 0)
        object.__setattr__(self, "plugins", absolute_plugins(self.plugins))
        if not self.backbone.name and self.backbone != EvaluatedBackboneConfig():
            raise ConfigError("settings without a name", "--backbone.name as well", "--backbone")
        if not self.models and not self.backbone.name:
            raise ConfigError("no model", "at least one", "--models or --backbone.name")
        if not self.similarities:
            raise ConfigError("no similarity", "at least one", "--similarities")
        if len(set(self.similarities)) < len(self.similarities):
            raise ConfigError("a similarity twice", "each once", "--similarities")
