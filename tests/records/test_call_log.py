"""A log says what a call did, when and where, in a file of its own."""

import json

from alignet_ray.records.call_log import write_log
from alignet_ray.records.store import Folder


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
