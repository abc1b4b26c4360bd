"""Which numbers of workers are taken, and what they need."""

from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.planner import divisors
from alignet_ray.training.crew import Growth, allowed_sizes, default_cpus, most_workers


@given(
    num_streams=st.integers(1, 64),
    data=st.data(),
)
def test_every_allowed_number_divides_the_streams_and_lies_between_the_bounds(
    num_streams: int, data: st.DataObject
) -> None:
    least = data.draw(st.sampled_from(divisors(num_streams)))
    most = data.draw(st.none() | st.integers(least, 100))
    sizes = allowed_sizes(num_streams, least, most)
    assert sizes[0] == least
    assert list(sizes) == sorted(set(sizes))
    assert all(num_streams % n == 0 and n <= (most or least) for n in sizes)
    assert len(sizes) == 1 or most is not None


def test_the_scarcest_resource_decides_how_many_fit() -> None:
    total = {"CPU": 16.0, "GPU": 3.0, "memory": 1e9}
    assert most_workers(total, {"CPU": 4.0}) == 4
    assert most_workers(total, {"CPU": 4.0, "GPU": 1.0}) == 3
    assert most_workers({"CPU": 16.0}, {"CPU": 1.0, "GPU": 1.0}) == 0


def test_a_crew_that_is_as_large_as_allowed_never_grows() -> None:
    assert not Growth([]).is_possible()


def test_a_worker_asks_for_what_one_node_has() -> None:
    four = [{"CPU": 4.0, "memory": 1e9}] * 4
    assert default_cpus(four, 1, "cpu") == 4
    assert default_cpus(four, 8, "cpu") == 2
    assert default_cpus([{"CPU": 64.0}], 2, "cpu") == 8
    assert default_cpus([{"CPU": 2.0}], 4, "cpu") == 0.5


def test_a_worker_on_a_gpu_gets_its_share_of_a_node_with_gpus() -> None:
    nodes = [{"CPU": 96.0}, {"CPU": 12.0, "GPU": 4.0}, {"CPU": 4.0, "GPU": 1.0}]
    assert default_cpus(nodes, 5, "cuda") == 4
    assert default_cpus([{"CPU": 0.0}], 8, "cuda") == 4, "no such node lives yet"
    assert default_cpus([{}], 8, "cpu") == 4
