"""Devices, and errors of workers as our own."""

import pytest

from alignet_ray.config.resources import Resources
from alignet_ray.errors import InputError, ResourceError
from alignet_ray.stages.session import (
    choose_device,
    largest_node_cpus,
    num_cluster_cpus,
    ray_session,
    unwrapped_errors,
)


def test_our_own_error_is_found_behind_others():
    theirs = RuntimeError("theirs")
    theirs.__cause__ = InputError("mine")
    with pytest.raises(InputError, match="mine"), unwrapped_errors():
        raise theirs


def test_an_error_in_a_circle_of_causes_is_left_as_it_is():
    first, second = RuntimeError("a"), RuntimeError("b")
    first.__cause__, second.__cause__ = second, first
    with pytest.raises(RuntimeError, match="a"), unwrapped_errors():
        raise first


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_a_session_joins_the_ray_that_is_there_and_leaves_it_running():
    import ray

    with ray_session(Resources(progress=False)):
        assert (num_cluster_cpus(), largest_node_cpus()) == (2, 2)
    assert ray.is_initialized()


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_a_gpu_that_never_comes_is_one_line():
    import ray

    if ray.cluster_resources().get("GPU"):
        pytest.skip("this machine has a GPU")
    assert choose_device(Resources(device="auto")) == "cpu"
    assert choose_device(Resources(device="cpu")) == "cpu"
    with pytest.raises(ResourceError, match=r"no GPU after 0.5 s; expected a node with a GPU"):
        choose_device(Resources(device="cuda", timeout_seconds=0.5))
