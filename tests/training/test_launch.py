"""End to end on Ray Train: few, because a run costs tens of seconds."""

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.util.placement_group import placement_group, remove_placement_group

from alignet_ray.config.checkpoints import CheckpointConfig
from alignet_ray.errors import RecordError
from alignet_ray.records.store import Folder
from alignet_ray.records.student import read_student
from alignet_ray.training import crew
from alignet_ray.training.launch import train
from alignet_ray.training.summary import describe

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_cluster")]


def test_two_workers_train_and_the_second_time_nothing_happens(make_config: Any) -> None:
    config = make_config(num_workers=2)
    summary = train(config)
    assert summary.is_new
    assert summary.figures["validation"]["after"]["triplets"] == 4 * 12
    lines = Path(config.output, "logs/train.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [0, 1, 2, 3]
    assert read_student(Folder.at(config.output)).training["figures"] == summary.figures
    again = train(config)
    assert not again.is_new
    assert again.figures == summary.figures
    text = describe(again)
    assert "nothing to do" in text
    assert "jobs/evaluate.py" in text
    assert Path(config.output, "report/index.html").is_file()


def test_a_workers_error_is_our_one_line(make_run: Any, make_config: Any) -> None:
    root = make_run(validation=())
    shard = Path(root, "shards/train/000002.tar")
    shard.write_bytes(shard.read_bytes()[:3000])
    with pytest.raises(RecordError, match=r"000002\.tar: 3,000 bytes"):
        train(make_config(runs=(root,), num_workers=2))


@pytest.mark.skipif("CHAOS" not in os.environ, reason="long; `make chaos` runs it")
def test_a_crew_of_one_grows_to_two_once_there_is_room(
    make_config: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(crew, "GROW_SECONDS", 0.0)
    monkeypatch.setattr(crew, "_PROBE_SECONDS", 1.0)
    config = make_config(
        steps=1000,
        max_workers=2,
        cpus_per_worker=1.0,
        checkpoints=CheckpointConfig(every_steps=5),
    )
    others = placement_group([{"CPU": ray.cluster_resources()["CPU"] - 1}])
    assert others.wait(60)
    begun = Path(config.output, "checkpoints")

    def make_room() -> None:
        while not begun.exists():
            time.sleep(0.1)
        remove_placement_group(others)

    threading.Thread(target=make_room, daemon=True).start()
    summary = train(config)
    assert summary.figures["steps"] == 1000
    assert "going on after step" in capsys.readouterr().err
    lines = Path(config.output, "logs/train.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == list(range(1000))
