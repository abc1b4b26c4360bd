"""Machine facts: how fast a job runs, not what it makes. They are outside every digest."""

from dataclasses import dataclass
from typing import Literal

from alignet_ray.config.checks import above, at_least


@dataclass(frozen=True, kw_only=True)
class RayResources:
    """The Ray that a job runs on: all that a job without a model needs to know of machines."""

    address: str | None = None
    """Ray cluster to join: `auto`, `ray://...`; without it RAY_ADDRESS or a Ray of our own."""
    num_cpus: int | None = None
    """CPU cores of a Ray that the job starts itself; default all."""
    progress: bool = True
    """Show progress bars, and what is waited for."""

    def __post_init__(self) -> None:
        at_least("resources.num_cpus", self.num_cpus, 1)


@dataclass(frozen=True, kw_only=True)
class Resources(RayResources):
    """Machines and how to use them.

    Device and threads change the last bits of embeddings, and nothing else changes a result.
    """

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where models run; `auto` takes GPUs that live nodes have."""
    num_actors: int | None = None
    """Most embedding actors; default one a GPU, or one a CPU core (by threads_per_actor), and on
    a cluster as many as it grows to hold."""
    threads_per_actor: int = 1
    """Torch threads of an embedding actor on CPU; part of what makes results repeat."""
    timeout_seconds: float = 600.0
    """How long to wait for requested resources before giving up."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("resources.num_actors", self.num_actors, 1)
        at_least("resources.threads_per_actor", self.threads_per_actor, 1)
        above("resources.timeout_seconds", self.timeout_seconds, 0)
