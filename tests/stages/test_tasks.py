"""A map over tasks gives every result once and brings the first error home as it was."""

import os
from pathlib import Path

import pytest

from alignet_ray.errors import InputError
from alignet_ray.stages.tasks import map_tasks, run_task

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_cluster")]


def same(item):
    return item


def process_of(_item):
    return os.getpid()


def test_every_item_comes_once_with_its_result():
    def add(item, more):
        return item + more

    found = dict(map_tasks(add, range(20), 100))
    assert found == {item: item + 100 for item in range(20)}


def test_no_items_give_no_results():
    assert list(map_tasks(same, [])) == []


def test_items_are_taken_as_there_is_room_for_them():
    taken = []

    def items():
        for item in range(1000):
            taken.append(item)
            yield item

    results = map_tasks(same, items())
    next(results)
    assert len(taken) <= 64  # more wait only where more run
    results.close()


def test_our_own_error_comes_home_as_it_was():
    def fail(item):
        raise InputError(f"item {item}", "none", "there", "Stop.")

    with pytest.raises(InputError) as caught:
        list(map_tasks(fail, [3]))
    assert type(caught.value) is InputError
    assert str(caught.value) == "there: item 3; expected none. Stop."


def test_a_task_that_dies_with_its_worker_runs_again(tmp_path):
    def die_once(item, trace):
        if not Path(trace).exists():
            Path(trace).touch()
            os._exit(1)
        return item

    assert dict(map_tasks(die_once, [7], str(tmp_path / "trace"))) == {7: 7}


def test_one_task_runs_elsewhere():
    assert run_task(process_of, 0) != os.getpid()
