"""Settings of the downstream part of `jobs/evaluate.py`: what alignment buys."""

from dataclasses import dataclass, field
from typing import Literal

from alignet_ray.config.checks import at_least
from alignet_ray.config.sources import SourceConfig

BreedsTask = Literal["entity13", "entity30", "living17", "nonliving26"]


@dataclass(frozen=True, kw_only=True)
class DownstreamConfig:
    """Classification with frozen representations, before and after alignment.

    Data sets may be named: `NAME=URL`.
    """

    train: tuple[str, ...] = ()
    """Labelled images to fit probes on: folders with one folder per class, lists, tars, shards."""
    test: tuple[str, ...] = ()
    """Labelled images to test them on, of the same names; without one a part is held out."""
    source: SourceConfig = field(default_factory=SourceConfig)
    """How the images and their labels are read."""
    shots: tuple[int, ...] = (1, 10)
    """Images of each class that a few-shot probe is fitted on."""
    num_seeds: int = 20
    """Draws of those images."""
    neighbours: int = 20
    """Neighbours that vote in k-NN."""
    held_out: int = 10
    """One of so many images of each class is tested on where there is no test set."""
    breeds: str | None = None
    """Folder with the files of BREEDS, to probe superclasses under subpopulation shift."""
    breeds_tasks: tuple[BreedsTask, ...] = ("entity13", "entity30", "living17", "nonliving26")
    """Which of its tasks."""

    def __post_init__(self) -> None:
        for shots in self.shots:
            at_least("downstream.shots", shots, 1)
        at_least("downstream.num_seeds", self.num_seeds, 2)
        at_least("downstream.neighbours", self.neighbours, 1)
        at_least("downstream.held_out", self.held_out, 2)
