"""A parallel map over pure tasks: bounded in flight, results as they come, first error home."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import ray

from alignet_ray.stages.session import num_cluster_cpus, unwrapped_errors

Item = TypeVar("Item")
Result = TypeVar("Result")

_IN_FLIGHT_PER_CPU = 2
_LEAST_IN_FLIGHT = 64
"""An autoscaler sees only the tasks that wait: this many bring the first machines."""
_LOOK_SECONDS = 5.0
MAX_RETRIES = 20
"""Of a task whose worker or node died; one that always dies is too large for its machine."""


def map_tasks(
    function: Callable[..., Result], items: Iterable[Item], *shared: Any, num_cpus: float = 1.0
) -> Iterator[tuple[Item, Result]]:
    """Yield (item, function(item, *shared)) in the order of finishing.

    `shared` is put into the object store once. Tasks that die with their worker are run again;
    an exception of the function itself ends the map, and what is still running is cancelled.
    """
    remote = ray.remote(num_cpus=num_cpus, max_retries=MAX_RETRIES)(function)
    references = [ray.put(value) for value in shared]
    limit = _InFlight(num_cpus)
    waiting = iter(items)
    running: dict[ray.ObjectRef, Item] = {}
    try:
        with unwrapped_errors():
            while True:
                while len(running) < limit.now():
                    item = next(waiting, _END)
                    if item is _END:
                        break
                    running[remote.remote(item, *references)] = item  # type: ignore[assignment]
                if not running:
                    return
                (done,), _ = ray.wait(list(running), num_returns=1)
                yield running.pop(done), ray.get(done)
    finally:
        for reference in running:
            ray.cancel(reference, force=True)


class _InFlight:
    """How many tasks may be under way: more as the cluster grows."""

    def __init__(self, num_cpus: float) -> None:
        self._num_cpus = num_cpus
        self._limit = 0
        self._looked = -math.inf

    def now(self) -> int:
        if time.monotonic() - self._looked >= _LOOK_SECONDS:
            num_tasks = int(num_cluster_cpus() / self._num_cpus)
            self._limit = max(_LEAST_IN_FLIGHT, _IN_FLIGHT_PER_CPU * num_tasks)
            self._looked = time.monotonic()
        return self._limit


_END: Any = object()


def share(value: Any) -> Any:
    """A value in the object store, to give to several tasks in place of itself."""
    return ray.put(value)


def run_task(
    function: Callable[..., Result], *arguments: Any, num_cpus: float = 1.0, num_gpus: int = 0
) -> Result:
    """One call of a function on the cluster, so that a small head node does no heavy work."""
    with unwrapped_errors():
        return ray.get(
            ray.remote(num_cpus=num_cpus, num_gpus=num_gpus, max_retries=MAX_RETRIES)(
                function
            ).remote(*arguments)
        )
