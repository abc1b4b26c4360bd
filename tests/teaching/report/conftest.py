"""A teacher's metrics and vectors of every kind, made up and small, with ids that are hostile."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from alignet_ray.functional.calibration import Model, calibration
from alignet_ray.records.store import Folder
from alignet_ray.teaching.report.facts import Curve, HumanSpace, TeacherReport

NUM_OBJECTS = 30
HOSTILE = "<script>alert('x')</script>&\"b\""
OBJECT_IDS = (HOSTILE, *(f"object_{i:02d}" for i in range(1, NUM_OBJECTS)))
BACKBONE = {
    "name": "some_backbone", "representation": "pre_logits", "dim": 5,
    "preprocessing": {"resolution": 32},
}  # fmt: skip


def interval(estimate):
    return {"estimate": estimate, "low": estimate - 0.02, "high": estimate + 0.02}


def both(before, after):
    states = {"before": before, "after": after, "difference": after - before}
    own = {state: interval(value) for state, value in states.items()}
    return {"dot": own, "centred_cosine": own}


def cell(regularisation, learning_rate, loss, **local):
    folds = [
        {"fold": i, "best_epoch": 7 + i, "cross_entropy": loss, "expected_accuracy": 0.5}
        for i in range(3)
    ]
    return {
        "regularisation": regularisation, "learning_rate": learning_rate, "folds": folds,
        "mean_cross_entropy": loss, "local_weight": None, "local_temperature": None, **local,
    }  # fmt: skip


def metrics():
    random = np.random.default_rng(0)
    counts = random.integers(1, 9, size=(40, 3))
    logs = np.log(random.dirichlet(np.ones(3), size=40))
    models = {"before": Model(logs, 1.0), "before_at_best_temperature": Model(logs, 345.0),
              "after": Model(np.log(counts / counts.sum(1, keepdims=True)), 1.0)}  # fmt: skip
    people = {"num_responses": 600, "num_triplets": 40, "majority_share": 0.672,
              "leave_one_out_majority": 0.644}  # fmt: skip
    expected = {"before": 0.44, "after": 0.51, "oracle": 0.65}
    chosen = {"regularisation": 0.1, "learning_rate": 1e-3}
    local = {"local_weight": None, "local_temperature": None}
    return {
        "counts": {
            "objects": NUM_OBJECTS + 2, "embedded_objects": NUM_OBJECTS, "triplets": 12_345,
            "missing_images": ["yo-yo"], "rejected_images": {"broken": "empty <file>"},
        },
        "vice": {
            "num_choices": 4321, "num_epochs": 99, "num_live": 4,
            "held_out": {"negative_log_likelihood": 0.84, "accuracy": 0.6, "num_choices": 432},
        },
        "selection": {
            "winner": {**chosen, **local},
            "num_epochs": 41, "num_steps": 41,
            "cells": [cell(0.1, 1e-3, 0.96), cell(0.1, 1e-2, None), cell(10.0, 1e-3, 1.0986)],
        },
        "unseen_objects": {
            "num_folds": 3, "num_triplets": 5000, "human": {**people, **both(0.44, 0.52)},
            "expected_accuracy": {"dot": expected, "centred_cosine": expected},
            "cross_entropy": {"before": 60.0, "after": 0.96, "oracle": 0.8},
        },
        "unseen_responses": {
            **people, **both(0.45, 0.58),
            "calibration": calibration(models, counts, num_resamples=5, seed=0),
        },
    }  # fmt: skip


def write_images(folder: Folder) -> dict[str, str]:
    """A picture of every object but the last; one is broken and one is not there."""
    random = np.random.default_rng(1)
    urls = {}
    for number, object_id in enumerate(OBJECT_IDS[:-1]):
        stream = io.BytesIO()
        Image.fromarray(random.integers(0, 256, size=(8, 9, 3), dtype=np.uint8)).save(stream, "PNG")
        urls[object_id] = folder.place(f"{number}.png")
        folder.write(f"{number}.png", b"noise" if number == 1 else stream.getvalue())
    folder.delete("2.png")
    return urls


@pytest.fixture
def make_report(tmp_path) -> Callable[..., TeacherReport]:
    """A whole report, or with parts of it changed."""

    def make(*, without: tuple[str, ...] = (), **changes) -> TeacherReport:
        random = np.random.default_rng(2)
        said = {name: own for name, own in metrics().items() if name not in without}
        parts = {
            "metrics": said,
            "backbone": BACKBONE,
            "object_ids": OBJECT_IDS,
            "before": random.normal(size=(NUM_OBJECTS, 5)).astype(np.float32),
            "after": random.normal(size=(NUM_OBJECTS, 5)).astype(np.float32),
            "image_urls": write_images(Folder.at(str(tmp_path / "images"))),
            "human": HumanSpace(
                object_ids=("yo-yo", *OBJECT_IDS[::-1]),
                mean=random.exponential(size=(NUM_OBJECTS + 1, 4)),
            ),
            "curves": (Curve(name="fold 1", cross_entropies=(1.1, 0.97, 0.99), chosen_epoch=2),),
            "settings": {"seed": 0, "fit": {"optimizer": "adam"}},
        }
        return TeacherReport(**{**parts, **changes})

    return make
