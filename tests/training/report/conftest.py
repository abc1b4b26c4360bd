"""A student's folder with everything that its report shows, made up, hostile words too."""

import io
import json
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image

from alignet_ray.config.backbone import Preprocessing, ResolvedBackbone
from alignet_ray.pages.pictures import MEDIUM, picture
from alignet_ray.records.store import Folder
from alignet_ray.records.student import Student, write_student
from alignet_ray.training.metrics import METRICS_NAME, VALIDATIONS_NAME
from alignet_ray.training.report.record import ShownTriplet, StudentFacts, write_facts

HOSTILE = "<script>alert('x')</script>&\"b\""
STRATEGIES = ("cluster_border", "random")
BACKBONE = ResolvedBackbone(
    name="some_backbone", model_args=("img_size=32",), representation="pre_logits",
    preprocessing=Preprocessing(
        resolution=32, resize="squash", crop_fraction=1.0, interpolation="bicubic",
        mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0),
    ),
    dim=8, weights_sha256="1" * 64,
)  # fmt: skip


def validation(kl, strategies=STRATEGIES):
    own = {
        "kl": kl, "accuracy": 0.7 - kl, "expected_agreement": 0.6 - kl, "expected_ceiling": 0.65,
        "student_entropy": 0.9, "teacher_entropy": 0.8, "triplets": 1234,
    }  # fmt: skip
    return {**own, "by_strategy": {name: {**own, "triplets": 617} for name in strategies}}


def shown(agrees, image):
    toward, other = (0.7, 0.2, 0.1), (0.1, 0.2, 0.7)
    pictures = [
        picture(image, HOSTILE, HOSTILE, MEDIUM),
        picture(b"noise", "broken.jpg", None, MEDIUM),
        picture(image, "three.jpg", None, MEDIUM),
    ]
    return ShownTriplet(
        strategy="random", pictures=tuple(pictures), teacher=toward,
        before=other if agrees else toward, after=toward if agrees else other,
    )  # fmt: skip


def jpeg():
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, size=(20, 24, 3), dtype=np.uint8)
    Image.fromarray(noise).save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture
def make_student(tmp_path) -> Callable[..., Folder]:
    """A whole folder, or one without some of `validation`, `logs`, `facts` and `data`."""

    def make(*, without: tuple[str, ...] = (), strategies=STRATEGIES, num_steps=500) -> Folder:
        folder = Folder.at(str(tmp_path / "student"))
        measured = {"before": validation(0.5, strategies), "after": validation(0.125, strategies)}
        figures = {
            "student_temperature": 12.5, "student_entropy_before": 0.9, "teacher_entropy": 0.8,
            "last_step": {"loss": 0.25, "accuracy": 0.5},
            "validation": None if "validation" in without else measured,
        }  # fmt: skip
        runs = [
            {"digest": f"{i}abc" * 16, "strategy": name, "blocks": [2, 2], "groups": 40,
             "triplets": 160, "teacher_temperature": 1.5}
            for i, name in enumerate(strategies)
        ]  # fmt: skip
        data = {"runs": runs, "steps": num_steps, "epochs": 1.5, "groups_seen": 999,
                "images_seen": 4567}  # fmt: skip
        settings = {"learning_rate": 1e-4, "loss": {"student_temperature": "auto"}, "steps": None}
        training = {"settings": settings, "figures": figures}
        if "data" not in without:
            training["data"] = data
        student = Student(initial=BACKBONE, aligned=BACKBONE, training=training)
        write_student(folder, student, {"a": torch.zeros(2)})
        if "logs" not in without:
            _write_logs(folder, strategies, num_steps)
        if "facts" not in without:
            triplets = tuple(shown(agrees, jpeg()) for agrees in (True, False))
            places = tuple(f"gs://bucket/{HOSTILE}{i}" for i, _ in enumerate(strategies))
            write_facts(
                folder,
                StudentFacts(runs=places, looked_at=96, towards=21, away=8, triplets=triplets),
            )
        return folder

    return make


def _write_logs(folder, strategies, num_steps):
    random = np.random.default_rng(0)
    steps = [
        {"step": step, "loss": 0.5 * 0.99**step + 0.02 * random.random(), "accuracy": 0.5,
         "gradient_norm": 1 + random.random(), "squared_distance": 0.01 * step,
         "learning_rate": 1e-4, "images_per_second": 100.0}
        for step in range(num_steps)
    ]  # fmt: skip
    validations = [
        {"step": step, **validation(0.5 - 0.3 * step / num_steps, strategies)}
        for step in range(0, num_steps + 1, max(1, num_steps // 5))
    ]
    for name, records in ((METRICS_NAME, steps), (VALIDATIONS_NAME, validations)):
        folder.write(name, "".join(json.dumps(own) + "\n" for own in records).encode())
