"""A record of a backbone that somebody made up is one line, not a fault far away."""

import copy

import pytest

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.errors import RecordError

RECORD = {
    "name": "test_vit", "model_args": ["a=1"], "representation": "pre_logits", "dim": 64,
    "weights_sha256": "0" * 64, "random_init": False, "checkpoint": None,
    "preprocessing": {
        "resolution": 224, "resize": "crop", "crop_fraction": 0.9, "interpolation": "bicubic",
        "mean": [0, 0, 0], "std": [1, 1, 1],
    },
}  # fmt: skip


def test_the_record_itself_is_taken():
    assert ResolvedBackbone.from_json(RECORD, "p").dim == 64


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ["x"]), ("model_args", [5]), ("model_args", ["x"]), ("dim", "64"), ("dim", 0),
        ("dim", 10**12), ("checkpoint", ["/etc/passwd"]), ("random_init", "no"),
        ("weights_sha256", None), ("weights_sha256", "../x"), ("representation", 7),
        ("preprocessing.resolution", 10**7), ("preprocessing.resolution", "224"),
        ("preprocessing.mean", [0]), ("preprocessing.std", [0, 0, 0]),
        ("preprocessing.std", ["a", "b", "c"]), ("preprocessing.interpolation", "x"),
        ("preprocessing.resize", "x"), ("preprocessing.crop_fraction", 0),
        ("preprocessing.crop_fraction", 1e-9), ("preprocessing.mean", [float("nan"), 0, 0]),
    ],
)  # fmt: skip
def test_a_field_that_is_none_is_named(field, value):
    record = copy.deepcopy(RECORD)
    inner, _, name = field.rpartition(".")
    (record[inner] if inner else record)[name] = value
    with pytest.raises(RecordError, match=rf"^teacher.json: .*{name}.*; expected fields of a"):
        ResolvedBackbone.from_json(record, "teacher.json")
