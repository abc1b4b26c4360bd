"""End to end on Ray Train: few, because a run costs tens of seconds."""

import json
from pathlib import Path
from typing import Any

import pytest

from alignet_ray.errors import RecordError
from alignet_ray.records.store import Folder
from alignet_ray.records.student import read_student
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
