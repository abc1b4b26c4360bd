"""Reading what was planned: order, any step, growing runs, broken shards, the cache."""

import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.config.streaming import StreamingConfig
from alignet_ray.errors import RecordError
from alignet_ray.functional.planner import Layout, bounded_shuffle
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.records.store import Folder
from alignet_ray.training.plan import TrainPlan, make_plan
from alignet_ray.training.reading import first_needed, in_order, step_groups
from alignet_ray.training.shard_cache import CACHE_FOLDER
from alignet_ray.training.sources import open_sources

TOLERANT = StreamingConfig(num_streams=2, shuffle_buffer=3, tolerate_bad_shards=True)


def _keys(groups: list[Any]) -> list[tuple[str, ...]]:
    return [group.keys for _, group in groups]


def _steps(plan: TrainPlan, first: int, last: int) -> list[list[tuple[str, ...]]]:
    streams = range(plan.layout.num_streams)
    found = step_groups(plan.sources, plan.layout, streams, last, first)
    return [_keys(step) for step in found]


@given(st.integers(1, 60), st.integers(0, 20), st.integers(0, 3), st.data())
def test_two_epochs_follow_each_other_from_any_place(
    size: int, buffer: int, seed: int, data: st.DataObject
) -> None:
    order = bounded_shuffle(size, buffer, RandomStream(seed, "test"))
    place = data.draw(st.integers(0, size - 1))
    begin = first_needed(order, place) if place else 0
    incoming: Any = iter([*range(begin, size), *range(size)])
    read: Any = [*in_order(order, place, incoming), *in_order(order, 0, incoming)]
    assert read == [*order[place:].tolist(), *order.tolist()]


def test_groups_come_as_the_plan_says(make_config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alignet_ray.training.shard_reads.READ_BYTES", 20_000)  # several a shard
    plan = make_plan(make_config())
    shards = [
        [group.keys for _, group in plan.sources.groups(index, 0, count)]
        for index, count in enumerate(plan.layout.group_counts)
    ]
    assert len(plan.sources.blocks(0, 0, 5)) > 1
    steps = _steps(plan, 0, 6)
    assert len(steps) == 6
    for number, step in enumerate(steps):
        epoch, place = plan.layout.locate(number)
        wanted = plan.layout.epoch(epoch).step_groups(place, rank=0, world_size=1)
        assert step == [shards[shard][group] for shard, group in wanted]


def test_two_ranks_share_what_one_has(make_config: Any) -> None:
    plan = make_plan(make_config())
    left, right = (
        list(step_groups(plan.sources, plan.layout, plan.layout.streams_of(rank, 2), num_steps=5))
        for rank in range(2)
    )
    for whole, first, second in zip(_steps(plan, 0, 5), left, right, strict=True):
        assert whole == _keys(first) + _keys(second)


def test_reading_goes_on_at_any_step(make_config: Any) -> None:
    plan = make_plan(make_config())
    steps = _steps(plan, 0, 8)
    for first in range(9):
        assert _steps(plan, first, 8) == steps[first:]


@pytest.fixture
def extend() -> Callable[[str, int], None]:
    """Changes a run's training manifest to name its first shards only, as it did some time ago."""

    def change(root: str, num_shards: int) -> None:
        path = Path(root, "shards/train/manifest.json")
        whole = path.with_suffix(".whole")
        if not whole.exists():
            whole.write_bytes(path.read_bytes())
        manifest = json.loads(whole.read_bytes())
        path.write_text(json.dumps({**manifest, "shards": manifest["shards"][:num_shards]}))

    return change


def test_a_run_that_grows_leaves_a_pinned_one_and_all_epochs_before_alone(
    make_run: Any, make_config: Any, extend: Callable[[str, int], None]
) -> None:
    roots = (
        make_run(counts=(5, 7, 6, 4)),
        make_run(counts=(3, 4, 5), blocks=(2, 1), validation=()),
    )
    for root in roots:
        extend(root, 2)
    config = make_config(runs=roots, steps=None, epochs=4.0)
    begun = make_plan(config)
    assert begun.layout.steps_per_epoch == 4
    undisturbed = _steps(begun, 0, 16)

    extend(roots[0], 4)
    extend(roots[1], 3)
    pinned = make_plan(config, begun.pins, step=6)
    assert pinned.remark == "3 new shards left out; --data.add-new-shards lets them join"
    assert _steps(pinned, 0, 16) == undisturbed

    growing = replace(config, data=replace(config.data, add_new_shards=True))
    grown = make_plan(growing, begun.pins, step=6)
    assert grown.remark == "3 new shards from epoch 2 on, which begins at step 8"
    assert grown.num_steps == begun.num_steps
    steps = _steps(grown, 0, 16)
    assert steps[:8] == undisturbed[:8]
    everything = [*grown.sources.group_counts]
    assert sum(everything) == 5 + 7 + 3 + 4 + 6 + 4 + 5
    assert len({key for step in steps[8:16] for key in step}) == 32  # of 34, each once
    again = make_plan(config, json.loads(json.dumps(grown.pins)), step=11)
    assert again.remark is None
    assert _steps(again, 11, 16) == steps[11:]


def test_a_broken_group_is_left_out_of_its_step_alone(make_run: Any, make_config: Any) -> None:
    root = make_run(validation=())
    plan = make_plan(make_config(runs=(root,), data=TOLERANT))
    whole = _steps(plan, 0, 8)
    lost = [group.keys for _, group in plan.sources.groups(0, 0, 1)]
    shard = Path(root, "shards/train/000000.tar")
    data = bytearray(shard.read_bytes())
    data[700] ^= 1
    shard.write_bytes(data)
    plan = make_plan(make_config(runs=(root,), data=TOLERANT))
    assert _steps(plan, 0, 8) == [[key for key in step if key not in lost] for step in whole]


@pytest.mark.parametrize(("name", "cut"), [("1.tar", 40_000), ("1.tar", None), ("1.json", None)])
def test_what_is_lost_does_not_depend_on_where_reading_begins(
    make_run: Any, make_config: Any, capsys: Any, name: str, cut: int | None
) -> None:
    root = make_run(validation=())
    plan = make_plan(make_config(runs=(root,), data=TOLERANT))
    shard = [group.keys for _, group in plan.sources.groups(1, 0, 7)]
    whole = _steps(plan, 0, 8)
    path = Path(root, f"shards/train/00000{name}")
    kept = path.read_bytes()[: cut or 0]
    path.unlink()
    if cut:
        path.write_bytes(kept)
    plan = make_plan(make_config(runs=(root,), data=TOLERANT))
    steps = _steps(plan, 0, 8)
    left = [group.keys for _, group in plan.sources.groups(1, 0, 7)]
    assert (0 < len(left) < 7) if cut else not left
    lost = {key for key in shard if key not in left}
    assert steps == [[key for key in step if key not in lost] for step in whole]
    for first in range(1, 8):
        assert _steps(plan, first, 8) == steps[first:]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert f"00000{name}" in said[0]


def test_reads_of_streams_are_under_way_together(
    make_config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = threading.Barrier(2, timeout=30)  # breaks where one read waits for another's end
    number = itertools.count()
    read_range = Folder.read_range

    def slow(folder: Folder, name: str, start: int, end: int) -> bytes:
        if next(number) < meeting.parties:
            meeting.wait()
        return read_range(folder, name, start, end)

    monkeypatch.setattr(Folder, "read_range", slow)
    assert len(_steps(make_plan(make_config()), 0, 4)) == 4
    assert next(number) > meeting.parties


def test_broken_shards_are_an_error_that_names_them(make_run: Any, make_config: Any) -> None:
    root = make_run(validation=())
    Path(root, "shards/train/000001.json").write_text("{}")
    with pytest.raises(RecordError, match=r"000001\.json: SHA-256 [0-9a-f]+; expected .*Delete"):
        _steps(make_plan(make_config(runs=(root,))), 0, 4)


def test_later_epochs_come_from_the_cache_and_a_broken_copy_is_made_again(
    make_run: Any, make_config: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alignet_ray.training.shard_reads.READ_BYTES", 20_000)
    root, cache = make_run(validation=()), tmp_path / "cache" / CACHE_FOLDER
    plain = _steps(make_plan(make_config(runs=(root,))), 0, 8)
    config = make_config(runs=(root,), data=replace(TOLERANT, cache=str(cache.parent)))
    assert _steps(make_plan(config), 0, 8) == plain
    copies = sorted(path for path in cache.iterdir() if path.suffix != ".json")
    copies[0].write_bytes(copies[0].read_bytes()[:-600])
    copies[1].write_bytes(bytes(copies[1].stat().st_size))
    assert _steps(make_plan(config), 0, 8) == plain
    for path in Path(root, "shards/train").glob("0*"):
        path.unlink()
    assert _steps(make_plan(config), 0, 8) == plain  # all of it is on this disk now


def test_the_cut_into_blocks_is_the_shards_own(
    run_root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = open_sources([run_root], "train", None)
    assert sources is not None
    assert sources.blocks(1, 2, 6) == [(2, 6)]
    size = sources.at(1)[1].bytes
    monkeypatch.setattr("alignet_ray.training.shard_reads.READ_BYTES", size * 3 // 7 + 1)
    assert sources.blocks(1, 2, 7) == [(2, 3), (3, 6), (6, 7)]
    monkeypatch.setattr("alignet_ray.training.shard_reads.READ_BYTES", 1)
    assert sources.blocks(1, 2, 4) == [(2, 3), (3, 4)]


def test_a_plan_of_many_shards_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(
        group_counts=(100,) * 10_000, seed=0, groups_per_step=128, num_streams=16, shuffle_buffer=16
    )
    step = 20 * layout.steps_per_epoch - 1
    epoch, place = layout.locate(step)
    assert (epoch, place) == (19, layout.steps_per_epoch - 1)
    order = layout.epoch(epoch).order(3)
    begin = first_needed(order, place * layout.groups_per_turn)
    assert len(order) - begin <= layout.groups_per_turn + 2 * layout.shuffle_buffer
    assert len(layout.epoch(epoch).runs(3, begin)) <= 2
    assert np.array_equal(np.sort(order), np.arange(len(order)))
