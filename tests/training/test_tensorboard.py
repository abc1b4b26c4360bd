"""Event files are read back as TensorBoard reads them: framed records with checksums."""

import struct

import pytest
from tensorboardX.crc32c import crc32c
from tensorboardX.proto.event_pb2 import Event, SessionLog

from alignet_ray.records.store import Folder
from alignet_ray.training.metrics import TENSORBOARD_FOLDER, MetricsLog
from alignet_ray.training.tensorboard import EventFile


def masked_crc(data):
    value = crc32c(data)
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read_events(data):
    place = 0
    while place < len(data):
        (length,) = struct.unpack_from("<Q", data, place)
        (head_crc,) = struct.unpack_from("<I", data, place + 8)
        assert head_crc == masked_crc(data[place : place + 8])
        body = data[place + 12 : place + 12 + length]
        (body_crc,) = struct.unpack_from("<I", data, place + 12 + length)
        assert body_crc == masked_crc(body)
        yield Event.FromString(body)
        place += 16 + length


def shown(folder):
    """What TensorBoard shows: later files in name order hide what they make again."""
    found = {}
    for name in sorted(folder.sizes()):
        assert ".tfevents." in name
        for event in read_events(folder.read(name)):
            if event.session_log.status == SessionLog.START:
                found = {key: value for key, value in found.items() if key[1] < event.step}
            for value in event.summary.value:
                found[value.tag, event.step] = value.simple_value
    return found


@pytest.fixture(params=["disk", "memory"])
def folder(request, tmp_path):
    root = Folder.at(str(tmp_path) if request.param == "disk" else f"memory://{tmp_path.name}")
    yield root
    root.remove()


def test_scalars_come_back_after_a_flush_and_more_after_closing(folder):
    events = EventFile(folder)
    events.add({"train/loss": 0.5, "train/accuracy": 0.25}, 0)
    events.flush()
    assert shown(folder) == {("train/loss", 0): 0.5, ("train/accuracy", 0): 0.25}
    events.add({"train/loss": 0.125}, 1)
    events.close()
    assert shown(folder)["train/loss", 1] == 0.125


def test_a_run_that_goes_on_hides_the_steps_that_it_makes_again(folder):
    figures = {"kl": 0.5, "accuracy": 0.5, "triplets": 2}
    for first, steps in ((0, 6), (4, 5)):
        log = MetricsLog(folder, first)
        for step in range(first, steps):
            log.add({"step": step, "loss": 10.0 * first + step})
            log.add_validation(step + 1, {**figures, "by_strategy": {"random": figures}})
        log.close()
    found = shown(folder.folder(TENSORBOARD_FOLDER))
    losses = {step: value for (tag, step), value in found.items() if tag == "train/loss"}
    assert losses == {0: 0, 1: 1, 2: 2, 3: 3, 4: 44}
    assert {step for tag, step in found if tag == "validation/kl"} == {1, 2, 3, 4, 5}
