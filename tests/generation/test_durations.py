"""Seconds add up by stage."""

from alignet_ray.generation.durations import Durations


def test_stages_are_kept_in_order_and_add_up():
    durations = Durations()
    for stage in ("list", "embed", "list"):
        with durations.of(stage):
            pass
    assert list(durations.seconds) == ["list", "embed"]
    assert all(seconds >= 0 for seconds in durations.seconds.values())
