"""The log is one JSON line a step, whole on the store."""

import json

from alignet_ray.records.store import Folder
from alignet_ray.training.metrics import METRICS_NAME, MetricsLog


def test_every_line_added_is_on_the_store_after_writing(tmp_path) -> None:
    folder = Folder.at(str(tmp_path))
    log = MetricsLog(folder)
    records = [{"step": step, "loss": 1 / (step + 1)} for step in range(5)]
    for record in records:
        log.add(record)
    log.write()
    lines = folder.read(METRICS_NAME).decode().splitlines()
    assert [json.loads(line) for line in lines] == records
