"""How many workers train now, and what each of them needs of the cluster.

Ray Train's own elastic policy takes any number between two bounds and tears workers down without
a word. Ours takes only numbers that divide the streams, and lets training keep its work first.
"""

import contextlib
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.util.placement_group import (
    PlacementGroup,
    placement_group,
    placement_group_table,
    remove_placement_group,
)

from alignet_ray.config.train import TrainConfig
from alignet_ray.errors import ResourceError
from alignet_ray.functional.planner import divisors
from alignet_ray.plurals import counted
from alignet_ray.stages.session import joins_cluster

GROW_SECONDS = 60.0
"""A crew trains this long before it is made larger: starting again costs half a minute."""

_MAX_DEFAULT_CPUS = 8
_CPUS_OF_UNSEEN_NODES = 4
_PROBE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Crew:
    """The numbers of workers that may train, in rising order, and what one worker needs."""

    sizes: tuple[int, ...]
    need: Mapping[str, float]

    @property
    def num_threads(self) -> int:
        """Torch's and the decoder's threads in a worker."""
        return max(1, int(self.need["CPU"]))

    def size_now(self, below: float) -> int:
        """The largest number below a bound that has room now; the smallest, where none has: it is
        waited for.
        """
        most = most_workers(ray.cluster_resources(), self.need)
        for size in reversed(self.sizes[1:]):
            if size <= most and size < below and self._has_room(size):
                return size
        return self.sizes[0]

    def _has_room(self, size: int) -> bool:
        with _held([dict(self.need)] * size) as group:
            return group.wait(_PROBE_SECONDS)

    def growth(self, size: int) -> "Growth":
        """The room for the workers that the next number after `size` has more, if there is one."""
        larger = next((n for n in self.sizes if n > size), size)
        return Growth([dict(self.need)] * (larger - size))


class Growth:
    """Room for more workers, reserved while a crew trains, so that a cluster can grow for it.

    It is asked for only once the crew has begun: before, it would take the room of the crew.
    """

    def __init__(self, bundles: list[dict[str, float]]) -> None:
        self._bundles = bundles
        self._group: PlacementGroup | None = None
        self._since = 0.0

    def is_possible(self) -> bool:
        """Whether the room is there, and the present crew has trained for a while."""
        if not self._bundles:
            return False
        if self._group is None:
            self._group, self._since = placement_group(self._bundles), time.monotonic()
        if time.monotonic() - self._since < GROW_SECONDS:
            return False
        return placement_group_table(self._group)["state"] == "CREATED"

    def close(self) -> None:
        """Give the room back."""
        if self._group is not None:
            remove_placement_group(self._group)


@contextlib.contextmanager
def _held(bundles: list[dict[str, float]]) -> Generator[PlacementGroup]:
    """A reservation that an autoscaler sees, and that ends with this block or with the driver."""
    group = placement_group(bundles)
    try:
        yield group
    finally:
        remove_placement_group(group)


def make_crew(config: TrainConfig, num_streams: int, device: str) -> Crew:
    """The crew that the settings allow.

    Raises ResourceError where a Ray of this machine's own, which never grows, lacks what the
    smallest number needs.
    """
    cpus = _cpus_per_worker(config, device)
    need = {"CPU": cpus, **({"GPU": 1.0} if device == "cuda" else {})}
    sizes = allowed_sizes(num_streams, config.num_workers, config.max_workers)
    crew = Crew(sizes=tuple(sizes), need=need)
    if not joins_cluster(config.resources):
        _refuse_what_is_not_there(crew)
    return crew


def allowed_sizes(num_streams: int, least: int, most: int | None) -> Sequence[int]:
    """The divisors of the streams from `least`, itself one, to `most`."""
    return [n for n in divisors(num_streams) if least <= n <= (most or least)]


def most_workers(total: Mapping[str, float], need: Mapping[str, float]) -> int:
    """Workers that the cluster could hold if it were one machine and empty."""
    return min(int(total.get(name, 0.0) / amount) for name, amount in need.items())


def draining_nodes() -> set[str]:
    """Nodes that are about to be taken away, as Ray Train itself asks for them: Ray has no public
    call that says so.
    """
    state: Any = ray._private.state.state  # pyright: ignore[reportPrivateUsage,reportAttributeAccessIssue]
    return set(state.get_draining_nodes())


def _cpus_per_worker(config: TrainConfig, device: str) -> float:
    """The cores that are asked for, or an equal share of the live ones, at most 8."""
    if config.cpus_per_worker is not None:
        return config.cpus_per_worker
    return default_cpus(
        [node["Resources"] for node in ray.nodes() if node["Alive"]],
        config.max_workers or config.num_workers,
        device,
    )


def default_cpus(nodes: Sequence[Mapping[str, float]], num_workers: int, device: str) -> float:
    """What a worker asks for: an equal share of all cores, no more than one node has for it.

    A worker on a GPU gets the cores of its node for each GPU there. While no such node lives, as
    on a cluster that has still to grow, some that any machine has.
    """
    cores = [node.get("CPU", 0.0) for node in nodes]
    if device == "cuda":
        fit = [node.get("CPU", 0.0) / node["GPU"] for node in nodes if node.get("GPU", 0.0) >= 1]
        share = max(fit, default=0.0)
    else:
        share = min(max(cores, default=0.0), sum(cores) / num_workers)
    if not share:
        return float(_CPUS_OF_UNSEEN_NODES)
    share = min(_MAX_DEFAULT_CPUS, share)
    return float(int(share)) if share >= 1 else share


def _refuse_what_is_not_there(crew: Crew) -> None:
    has = ray.cluster_resources()
    for name, amount in crew.need.items():
        wanted = amount * crew.sizes[0]
        if wanted > has.get(name, 0.0):
            workers = crew.sizes[0]
            flag = "--cpus-per-worker" if name == "CPU" and workers == 1 else "--num-workers"
            other = "" if workers == 1 else ", lower --cpus-per-worker"
            raise ResourceError(
                f"{wanted:g} {name} for {counted(workers, 'worker')}",
                f"at most the {has.get(name, 0.0):g} of this machine", flag,
                f"Ask for fewer{other}, or join a cluster.",
            )  # fmt: skip
