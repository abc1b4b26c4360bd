"""Machines that a dead controller had reserved can be had again."""

import pytest
import ray
from ray.util.placement_group import placement_group

from alignet_ray.training.reservations import release_reservations


def reserve() -> None:
    ray.get(placement_group([{"CPU": 1}]).ready(), timeout=60)


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_what_a_dead_actor_had_reserved_is_given_back() -> None:
    class Controller:
        def start(self) -> None:
            reserve()

    release_reservations()
    controller = ray.remote(num_cpus=0)(Controller).remote()
    ray.get(controller.start.remote())
    ray.kill(controller)
    assert release_reservations() == 1
    assert release_reservations() == 0
