"""Laws of the planner: every group once, the same step for every world size, a bounded buffer."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignet_ray.functional.planner import (
    Era,
    Layout,
    bounded_shuffle,
    default_num_streams,
    divisors,
)
from alignet_ray.functional.random_streams import RandomStream


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    streams = draw(st.integers(1, 8))
    per_step = streams * draw(st.integers(1, 4))
    counts = draw(st.lists(st.integers(0, 40), min_size=1, max_size=12))
    counts.append(per_step)
    return Layout(
        group_counts=tuple(counts),
        seed=draw(st.integers(0, 5)),
        groups_per_step=per_step,
        num_streams=streams,
        shuffle_buffer=draw(st.integers(0, 20)),
    )


def _epoch_groups(layout: Layout, epoch: int) -> list[tuple[int, int]]:
    plan = layout.epoch(epoch)
    rows = [plan.step_groups(step, rank=0, world_size=1) for step in range(layout.steps_per_epoch)]
    return [tuple(row) for row in np.concatenate(rows).tolist()]


@given(layouts(), st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_every_group_comes_once_but_for_a_remainder_smaller_than_a_step(
    layout: Layout, epoch: int
) -> None:
    groups = _epoch_groups(layout, epoch)
    everything = {(s, g) for s, count in enumerate(layout.group_counts) for g in range(count)}
    assert len(groups) == len(set(groups)) == layout.num_groups - layout.remainder
    assert set(groups) <= everything
    assert layout.remainder < layout.groups_per_step


@given(layouts(), st.integers(0, 2))
@settings(max_examples=30, deadline=None)
def test_every_allowed_world_size_sees_the_same_groups_in_a_step(
    layout: Layout, epoch: int
) -> None:
    plan = layout.epoch(epoch)
    step = layout.steps_per_epoch - 1
    alone = plan.step_groups(step, rank=0, world_size=1)
    for size in divisors(layout.num_streams):
        shares = [plan.step_groups(step, rank, size) for rank in range(size)]
        assert {len(share) for share in shares} == {layout.groups_per_step // size}
        np.testing.assert_array_equal(np.concatenate(shares), alone)


@given(layouts(), st.integers(0, 2))
@settings(max_examples=30, deadline=None)
def test_the_runs_of_a_stream_are_its_incoming_groups_and_no_byte_is_read_twice(
    layout: Layout, epoch: int
) -> None:
    plan = layout.epoch(epoch)
    seen: list[tuple[int, int]] = []
    for stream in range(layout.num_streams):
        from_runs = [(s, g) for s, first, last in plan.runs(stream) for g in range(first, last)]
        incoming = plan.groups(stream, np.arange(plan.groups_per_stream))
        assert from_runs == [tuple(row) for row in incoming.tolist()]
        seen += from_runs
    assert len(seen) == len(set(seen))


@given(st.integers(0, 300), st.integers(0, 50), st.integers(0, 5))
def test_the_shuffle_emits_each_index_once_within_its_buffer(
    size: int, buffer: int, seed: int
) -> None:
    order = bounded_shuffle(size, buffer, RandomStream(seed, "test"))
    assert sorted(order.tolist()) == list(range(size))
    assert np.all(order <= np.arange(size) + buffer)


def test_a_buffer_of_zero_keeps_the_order_and_a_large_one_changes_it() -> None:
    still = bounded_shuffle(100, 0, RandomStream(0, "test"))
    np.testing.assert_array_equal(still, np.arange(100))
    moved = bounded_shuffle(100, 50, RandomStream(0, "test"))
    assert (moved != still).mean() > 0.8


def test_plans_are_a_function_of_seed_and_epoch() -> None:
    def plan(seed: int, epoch: int) -> list[tuple[int, int]]:
        layout = Layout(
            group_counts=(10,) * 8, seed=seed, groups_per_step=8, num_streams=4, shuffle_buffer=5
        )
        return _epoch_groups(layout, epoch)

    assert plan(0, 0) == plan(0, 0)
    assert plan(0, 0) != plan(0, 1)
    assert plan(0, 0) != plan(1, 0)


@st.composite
def growing(draw: st.DrawFn) -> Layout:
    """A layout to which shards join at one or two epochs."""
    layout = draw(layouts())
    eras = [*layout.eras]
    counts = list(layout.group_counts)
    for _ in range(draw(st.integers(1, 2))):
        counts += draw(st.lists(st.integers(0, 30), min_size=1, max_size=5))
        epoch = eras[-1].first_epoch + draw(st.integers(1, 2))
        eras.append(Era(first_epoch=epoch, num_shards=len(counts)))
    return replace(layout, group_counts=tuple(counts), eras=tuple(eras))


@given(growing())
@settings(max_examples=25, deadline=None)
def test_shards_that_join_change_no_epoch_before_and_come_once_in_each_after(
    layout: Layout,
) -> None:
    first = layout.eras[0].num_shards
    pinned = replace(layout, group_counts=layout.group_counts[:first], eras=())
    for epoch in range(layout.eras[-1].first_epoch + 1):
        plan = layout.epoch(epoch)
        if epoch < layout.eras[1].first_epoch:
            assert plan.num_steps == pinned.epoch(epoch).num_steps
            for stream in range(layout.num_streams):
                there = pinned.epoch(epoch)
                np.testing.assert_array_equal(plan.runs(stream), there.runs(stream))
                np.testing.assert_array_equal(plan.order(stream), there.order(stream))
        rows = [plan.groups(s, plan.order(s)) for s in range(layout.num_streams)]
        groups = [tuple(row) for row in np.concatenate(rows).tolist()]
        counts = layout.group_counts[: plan.num_shards]
        everything = {(s, g) for s, count in enumerate(counts) for g in range(count)}
        assert len(groups) == len(set(groups)) == plan.num_steps * layout.groups_per_step
        assert set(groups) <= everything
        assert len(everything) - len(groups) < layout.groups_per_step


@given(st.one_of(layouts(), growing()), st.integers(0, 400))
def test_a_step_is_found_in_its_epoch(layout: Layout, step: int) -> None:
    epoch, place = layout.locate(step)
    assert layout.first_step(epoch) + place == step
    assert 0 <= place < layout.epoch(epoch).num_steps
    following = layout.next_epoch(step)
    assert layout.first_step(following) >= step
    assert following == 0 or layout.first_step(following - 1) < step


@given(layouts(), st.integers(0, 2), st.data())
def test_the_runs_from_a_group_on_are_the_rest_of_all_runs(
    layout: Layout, epoch: int, data: st.DataObject
) -> None:
    plan = layout.epoch(epoch)
    begin = data.draw(st.integers(0, plan.groups_per_stream - 1))

    def listed(stream: int, begin: int) -> list[tuple[int, int]]:
        return [(s, g) for s, first, last in plan.runs(stream, begin) for g in range(first, last)]

    for stream in range(layout.num_streams):
        assert listed(stream, begin) == listed(stream, 0)[begin:]


def test_eras_that_do_not_rise_are_refused() -> None:
    eras = (Era(first_epoch=0, num_shards=2), Era(first_epoch=1, num_shards=2))
    with pytest.raises(ValueError, match="expected rising ones from epoch 0"):
        Layout(
            group_counts=(4, 4),
            seed=0,
            groups_per_step=2,
            num_streams=1,
            shuffle_buffer=0,
            eras=eras,
        )


def test_golden_plan() -> None:
    """An epoch's plan must never change between versions: a resumed run follows it."""
    layout = Layout(
        group_counts=(3, 5, 4, 6), seed=8, groups_per_step=4, num_streams=2, shuffle_buffer=4
    )
    assert layout.epoch(1).shards.tolist() == [1, 3, 0, 2]
    assert layout.epoch(1).order(1).tolist() == [0, 3, 1, 2, 4, 5, 7, 6]


def test_default_streams() -> None:
    assert default_num_streams(512, 1000) == 16
    assert default_num_streams(512, 5) == 4
    assert default_num_streams(6, 100) == 6
    assert default_num_streams(1, 100) == 1


def test_what_does_not_divide_is_refused_naming_what_does() -> None:
    with pytest.raises(ValueError, match=r"one of \[1, 2, 3, 6\]"):
        Layout(group_counts=(9,), seed=0, groups_per_step=6, num_streams=4, shuffle_buffer=0)
    layout = Layout(group_counts=(9,), seed=0, groups_per_step=6, num_streams=6, shuffle_buffer=0)
    with pytest.raises(ValueError, match=r"one of \[1, 2, 3, 6\]"):
        layout.streams_of(0, 4)
    with pytest.raises(ValueError, match="at least the 16"):
        Layout(group_counts=(9,), seed=0, groups_per_step=16, num_streams=4, shuffle_buffer=0)
