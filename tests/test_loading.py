"""A loaded student is the backbone that evaluate uses, and the model that timm loads by itself."""

import subprocess
import sys

import numpy as np
import pytest
import timm
import timm.data
import torch
from PIL import Image

import alignet_ray
from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.errors import InputError
from alignet_ray.models.backbones import load_backbone
from alignet_ray.models.preprocessing import to_pixels
from alignet_ray.records.store import Folder
from alignet_ray.records.student import WEIGHTS_NAME
from alignet_ray.training.export import export_student

STUDENTS = {
    "cropped": BackboneConfig(
        name="test_efficientnet.r160_in1k", random_init=True,
        preprocessing=PreprocessingConfig(resolution=48, crop_fraction=0.875),
    ),
    "squashed": BackboneConfig(
        name="test_vit", random_init=True, model_args=("num_classes=0", "img_size=64"),
        preprocessing=PreprocessingConfig(preset="alignet", resolution=64),
    ),
    "with another classifier": BackboneConfig(
        name="test_byobnet", random_init=True, model_args=("num_classes=7",),
        preprocessing=PreprocessingConfig(resolution=32),
    ),
}  # fmt: skip


@pytest.fixture(params=STUDENTS)
def trained(request):
    """A backbone whose weights are no longer the initial ones."""
    backbone = load_backbone(STUDENTS[request.param])
    with torch.no_grad():
        for parameter in backbone.parameters():
            parameter.mul_(1.25)
    return backbone


@pytest.fixture
def pictures():
    random = np.random.default_rng(0)
    sizes = ((40, 60, 3), (70, 31, 3), (64, 64, 3))
    return [Image.fromarray(random.integers(0, 256, size, dtype=np.uint8)) for size in sizes]


def export(backbone, url):
    export_student(Folder.at(url), backbone, {}, {}, {})


def test_the_embedding_is_the_backbones_and_timms(trained, pictures, tmp_path):
    export(trained, str(tmp_path))
    student = alignet_ray.load_student(str(tmp_path))
    found = student.embed(pictures)
    pixels = [to_pixels(own, trained.resolved.preprocessing) for own in pictures]
    with torch.no_grad():
        expected = trained(torch.from_numpy(np.stack(pixels)))
    assert torch.equal(found, expected)

    named = timm.create_model(f"local-dir:{tmp_path}", pretrained=True, num_classes=0).eval()
    arguments = trained.resolved.as_config().arguments()
    by_path = timm.create_model(
        trained.resolved.name.split(".")[0], checkpoint_path=str(tmp_path / WEIGHTS_NAME),
        **arguments,
    ).eval()  # fmt: skip
    by_path.reset_classifier(0)
    data = timm.data.resolve_model_data_config(named)
    side = trained.resolved.preprocessing.resolution
    assert tuple(data["input_size"]) == (3, side, side)
    transform = timm.data.create_transform(**data, is_training=False)
    images = torch.stack([transform(own) for own in pictures])
    torch.testing.assert_close(images, torch.stack([student.transform(p) for p in pictures]))
    with torch.no_grad():
        for model in (named, by_path, student.model):
            torch.testing.assert_close(model(images), found, atol=1e-4, rtol=1e-4)


def test_a_student_comes_from_any_store_and_small_batches_change_nothing(pictures, tmp_path):
    url = f"memory://{tmp_path.name}/student"
    export(load_backbone(STUDENTS["cropped"]), url)
    student = alignet_ray.load_student(url)
    assert student.name == "test_efficientnet.r160_in1k"
    assert not student.model.training
    assert repr(student) == "AlignedStudent(test_efficientnet.r160_in1k, 256 dimensions)"
    together = student.embed(pictures)
    torch.testing.assert_close(student.embed(pictures, batch_size=1), together)
    assert student.embed([]).shape == (0, student.dim) == (0, together.shape[1])
    transparent = pictures[0].convert("RGBA")
    assert torch.equal(student.transform(transparent), student.transform(pictures[0]))
    Folder.at(url).remove()


def test_weights_that_are_not_the_records_are_refused(tmp_path):
    for name, scale in (("one", 1.0), ("two", 2.0)):
        backbone = load_backbone(STUDENTS["cropped"])
        next(backbone.trunk.parameters()).data.mul_(scale)
        export(backbone, str(tmp_path / name))
    (tmp_path / "two" / WEIGHTS_NAME).replace(tmp_path / "one" / WEIGHTS_NAME)
    with pytest.raises(InputError, match="expected the weights"):
        alignet_ray.load_student(str(tmp_path / "one"))
    with pytest.raises(InputError, match=r"no student; .*jobs/train.py"):
        alignet_ray.load_student(str(tmp_path))


def test_the_package_alone_imports_no_torch():
    code = "import sys, alignet_ray; alignet_ray.__version__; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    with pytest.raises(AttributeError, match="load_teacher"):
        alignet_ray.load_teacher  # noqa: B018
