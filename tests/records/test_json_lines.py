"""Lines are whole objects, written also where the work fails; a log without lines is no file."""

import json

import pytest

from alignet_ray.records import json_lines as record
from alignet_ray.records.json_lines import JsonLines, json_lines, paced, timed_name
from alignet_ray.records.store import Folder


def lines(folder, name):
    return [json.loads(line) for line in folder.read(name).decode().splitlines()]


def test_what_was_added_is_written_where_the_work_fails(tmp_path):
    folder = Folder.at(str(tmp_path))

    def work():
        with json_lines(folder, "logs/a.jsonl") as log:
            log.add({"fit": "cell", **paced(4, 2.0)})
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        work()
    expected = {"fit": "cell", "steps": 4, "seconds": 2.0, "seconds_per_step": 0.5}
    assert lines(folder, "logs/a.jsonl") == [expected]
    with json_lines(folder, "logs/b.jsonl"):
        pass
    assert not folder.exists("logs/b.jsonl")


def test_a_long_work_is_written_now_and_then_and_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "_WRITE_SECONDS", -1.0)
    folder = Folder.at(str(tmp_path))
    log = JsonLines(folder, "a.jsonl")
    for number in range(3):
        log.add({"number": number})
        assert lines(folder, "a.jsonl") == [{"number": k} for k in range(number + 1)]


def test_each_call_has_a_name_of_its_own_and_no_steps_have_no_pace():
    assert timed_name("job") != timed_name("job")
    assert paced(0, 1.0)["seconds_per_step"] is None
