"""Which direction is meant follows from the flags, and a mixture is refused in one line."""

import pytest

from alignet_ray.config.convert import ConvertConfig, TableConfig
from alignet_ray.config.generate import StoredConfig
from alignet_ray.errors import ConfigError

IN = {"triplets": "t.npz", "images": "i", "output": "o"}
BORROWING = {"triplets": "t.npz", "images_from": "r", "output": "o"}
OUT = {"run": "r", "output_npz": "t.npz"}


def test_the_direction_follows_from_the_flags():
    assert not ConvertConfig(**IN, seed=3).is_outward
    assert not ConvertConfig(**BORROWING, max_rejected_fraction=0.5).is_outward
    assert ConvertConfig(**OUT, split="validation").is_outward


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "no direction"),
        ({"seed": 1}, "no direction"),
        ({**IN, **OUT}, "--triplets beside --run"),
        ({**IN, "split": "validation"}, "--triplets beside --split"),
        ({**OUT, "skip_missing": True}, "--skip-missing beside --run"),
        ({**OUT, "stored": StoredConfig(quality=50)}, "--stored beside --run"),
        ({"triplets": "t"}, "missing --output"),
        ({"images": "i", "output": "o"}, "missing --triplets"),
        ({"run": "r"}, "missing --output-npz"),
        ({"output_npz": "t"}, "missing --run"),
        ({"triplets": "t", "output": "o"}, "neither given"),
        ({**IN, "images_from": "r"}, "both given"),
        ({**BORROWING, "seed": 1}, "--seed beside --images-from"),
        ({**BORROWING, "stored": StoredConfig(quality=50)}, "--stored beside --images-from"),
        ({**BORROWING, "table": TableConfig(part_rows=256)}, "--table beside --images-from"),
        ({**OUT, "seed": 1}, "--seed: 1 where all triplets are taken"),
        ({**IN, "max_triplets": 0}, "--max-triplets: 0"),
        ({**IN, "groups_per_shard": 0}, "--groups-per-shard: 0"),
        ({**IN, "teacher_temperature": 0.0}, "--teacher-temperature: 0"),
        ({**IN, "max_rejected_fraction": 1.5}, "--max-rejected-fraction: 1.5"),
        ({**IN, "seed": -1}, "--seed: -1"),
        ({**OUT, "max_triplets_per_group": 0}, "--max-triplets-per-group: 0"),
    ],
)
def test_what_does_not_fit_together_is_refused(fields, said):
    with pytest.raises(ConfigError, match=f"^{said}|: {said}") as caught:
        ConvertConfig(**fields)
    assert len(str(caught.value).splitlines()) == 1


def test_a_table_is_cut_at_row_groups():
    with pytest.raises(ConfigError, match=r"--table\.part-rows"):
        TableConfig(part_rows=100)
