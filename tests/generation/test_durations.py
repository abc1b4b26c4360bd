"""Seconds add up by stage, and a log says when and where."""

import json

from alignet_ray.generation.durations import Durations, write_log
from alignet_ray.records.store import Folder


def test_stages_are_kept_in_order_and_add_up():
    durations = Durations()
    for stage in ("list", "embed", "list"):
        with durations.of(stage):
            pass
    assert list(durations.seconds) == ["list", "embed"]
    assert all(seconds >= 0 for seconds in durations.seconds.values())


def test_two_logs_are_two_files_with_machine_and_versions(tmp_path):
    root = Folder.at(str(tmp_path))
    places = {write_log(root, "generate", {"images": number}) for number in range(2)}
    assert len(places) == 2
    names = sorted(root.sizes("logs"))
    assert all(name.startswith("generate-2") for name in names)
    record = json.loads(root.read(f"logs/{names[0]}"))
    assert record["images"] == 0
    assert {"time", "host", "python"} <= record.keys()
    assert record["versions"]["ray"]
