"""Reading what was planned: order, look-ahead, several runs, bounded holding."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from alignet_ray.config.backbone import Preprocessing
from alignet_ray.training.data import Decoder, ahead
from alignet_ray.training.plan import make_plan
from alignet_ray.training.reading import step_groups
from alignet_ray.training.sources import open_sources

PIXELS = Preprocessing(
    resolution=16,
    resize="squash",
    crop_fraction=1.0,
    interpolation="bilinear",
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
)


def _keys(groups: list[Any]) -> list[tuple[str, ...]]:
    return [group.keys for _, group in groups]


def test_groups_come_as_the_plan_says(make_config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "alignet_ray.training.shard_reads.READ_BYTES", 20_000
    )  # several reads a shard
    plan = make_plan(make_config())
    shards = [
        [group.keys for _, group in plan.sources.groups(index, 0, count)]
        for index, count in enumerate(plan.layout.group_counts)
    ]
    steps = list(step_groups(plan.sources, plan.layout, range(2), num_steps=6))
    assert len(steps) == 6
    for number, step in enumerate(steps):
        epoch, place = divmod(number, plan.layout.steps_per_epoch)
        wanted = plan.layout.epoch(epoch).step_groups(place, rank=0, world_size=1)
        assert _keys(step) == [shards[shard][group] for shard, group in wanted]


def test_two_ranks_share_what_one_has(make_config: Any) -> None:
    plan = make_plan(make_config())
    alone = list(step_groups(plan.sources, plan.layout, range(2), num_steps=5))
    left, right = (
        list(step_groups(plan.sources, plan.layout, plan.layout.streams_of(rank, 2), num_steps=5))
        for rank in range(2)
    )
    for whole, first, second in zip(alone, left, right, strict=True):
        assert _keys(whole) == _keys(first) + _keys(second)


@pytest.mark.parametrize("first_step", range(9))
def test_reading_goes_on_at_any_step(make_config: Any, first_step: int) -> None:
    plan = make_plan(make_config())
    steps = list(step_groups(plan.sources, plan.layout, range(2), num_steps=8))
    later = step_groups(plan.sources, plan.layout, range(2), 8, first_step)
    assert [_keys(step) for step in later] == [_keys(step) for step in steps[first_step:]]


def test_runs_with_other_groups_train_together(make_run: Any, run_root: str) -> None:
    other = make_run(counts=(4,), strategy="cluster_border", blocks=(2, 1), validation=())
    sources = open_sources([run_root, other], "train", None)
    assert sources is not None
    assert sources.group_counts == (5, 7, 6, 4)
    groups = [*sources.groups(1, 2, 4), *sources.groups(3, 0, 2)]
    decoder = Decoder(PIXELS, 2)
    wide, small = decoder.batch(groups)
    decoder.close()
    assert wide.pixels.shape == (2, 6, 16, 16, 3)
    assert small.pixels.shape == (2, 3, 16, 16, 3)
    assert small.similarities.shape == (2, 3, 3)


def test_looking_ahead_is_bounded_and_stops() -> None:
    made: list[int] = []
    enough = threading.Event()

    def numbers() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            if number == 3:
                enough.set()
            yield number

    with ahead(numbers(), depth=2) as items:
        assert next(items) == 0
        assert enough.wait(5)
    assert len(made) <= 5


def test_a_makers_exception_comes_out_in_its_turn() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    with ahead(broken()) as items:
        assert next(items) == 1
        with pytest.raises(OSError, match="gone"):
            next(items)
