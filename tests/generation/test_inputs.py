"""What is named and not there is refused before Ray starts: none of these tests has one."""

from pathlib import Path

import pytest

from alignet_ray.config.backbone import BackboneConfig
from alignet_ray.config.generate import (
    UNTRANSFORMED,
    GenerateConfig,
    ShardConfig,
    SourceConfig,
)
from alignet_ray.errors import InputError
from alignet_ray.generation.inputs import refuse_missing_inputs
from alignet_ray.records.run import RunSettings

AUTO = ShardConfig(teacher_temperature="auto")


@pytest.fixture
def images(photo_folder) -> str:
    return str(photo_folder())


def config(folder: str, **fields) -> GenerateConfig:
    plain = {"images": (folder,), "output": "/o", "teacher": UNTRANSFORMED}
    return GenerateConfig(**{**plain, **fields})


def test_what_is_there_is_taken(images, tmp_path):
    for name in ("labels.txt", "a.pth"):
        (tmp_path / name).write_bytes(b"x")
    given = config(
        images,
        source=SourceConfig(labels=str(tmp_path / "labels.txt")),
        backbone=BackboneConfig(checkpoint=str(tmp_path / "a.pth")),
    )
    refuse_missing_inputs(given, None)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"images": ("none",)}, "none: no such folder; .* Check --images"),
        ({"images": ("none.csv",)}, r"none.csv: no such file; .* Check --images"),
        ({"images": ("none.tar",)}, r"none.tar: no such file; .* Check --images"),
        ({"images": (), "images_from": "none"}, "none: no run with images; .* Check --images-from"),
        ({"teacher": "none"}, "none: no teacher bundle"),
        ({"source": SourceConfig(labels="none")}, r"no such file; .* Check --source\.labels"),
        (
            {"backbone": BackboneConfig(checkpoint="none")},
            r"no such file; expected a file of weights\. Check --backbone\.checkpoint",
        ),
        ({"shards": AUTO}, "auto; .* Name the aligned teacher's run"),
        (
            {"shards": ShardConfig(teacher_temperature="auto", entropy_from="none")},
            "none: no validation triplets; expected a finished run",
        ),
    ],
)
def test_what_is_not_there_is_one_line_with_its_flag(images, fields, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=said):
        refuse_missing_inputs(config(images, **fields), None)
    assert not Path("/o").exists()


def test_a_root_that_knows_the_entropy_needs_no_run_to_match(images):
    frozen = RunSettings(images={}, clusters={}, shards={"target_entropy": 0.5})
    refuse_missing_inputs(config(images, shards=AUTO), frozen)
