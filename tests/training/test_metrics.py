"""The log is one JSON line a step, whole on the store; a run that goes on drops what it repeats."""

import json

import pytest

from alignet_ray.records.store import Folder
from alignet_ray.training.metrics import (
    METRICS_NAME,
    VALIDATIONS_NAME,
    MetricsLog,
    read_log,
    validation_scalars,
)

ONE = {"kl": 0.25, "accuracy": 0.5, "triplets": 8}


@pytest.fixture(params=["disk", "memory"])
def folder(request, tmp_path):
    root = Folder.at(str(tmp_path) if request.param == "disk" else f"memory://{tmp_path.name}")
    yield root
    root.remove()


def validated(**by_strategy):
    return {**ONE, "by_strategy": by_strategy or {"random": ONE}}


def fill(log, steps):
    for step in steps:
        log.add({"step": step, "loss": 1 / (step + 1)})
        if step % 2:
            log.add_validation(step + 1, validated())


def test_every_line_added_is_on_the_store_after_writing(folder):
    log = MetricsLog(folder)
    log.add_validation(0, validated())
    fill(log, range(5))
    log.write()
    lines = folder.read(METRICS_NAME).decode().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"step": step, "loss": 1 / (step + 1)} for step in range(5)
    ]
    assert read_log(folder, VALIDATIONS_NAME) == [
        {"step": step, **validated()} for step in (0, 2, 4)
    ]
    log.close()


def test_the_log_of_a_run_that_went_on_is_that_of_an_undisturbed_one(folder, tmp_path):
    undisturbed = Folder.at(str(tmp_path / "undisturbed"))
    for root, parts in ((undisturbed, [(0, 9)]), (folder, [(0, 6), (4, 7), (3, 9)])):
        for first, last in parts:
            log = MetricsLog(root, first)
            fill(log, range(first, last))
            log.close()
    for name in (METRICS_NAME, VALIDATIONS_NAME):
        assert folder.read(name) == undisturbed.read(name)


def test_a_run_from_the_start_forgets_an_earlier_log(folder):
    for steps in (range(5), range(2)):
        log = MetricsLog(folder)
        fill(log, steps)
        log.close()
    assert [own["step"] for own in read_log(folder, METRICS_NAME)] == [0, 1]


def test_several_strategies_have_scalars_of_their_own():
    assert {tag for tag, _ in validation_scalars(validated())} == {
        "validation/kl", "validation/accuracy",
    }  # fmt: skip
    two = dict(validation_scalars(validated(random=ONE, within_class={**ONE, "kl": 0.75})))
    assert two["validation/kl/within_class"] == 0.75
    assert two["validation/kl"] == 0.25
    assert "validation/triplets" not in two
