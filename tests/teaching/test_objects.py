"""Images and ready embeddings give the same shape; the backbone's width must agree."""

import numpy as np
import pytest

from alignet_ray.config.backbone import Preprocessing, ResolvedBackbone
from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.errors import InputError
from alignet_ray.teaching.objects import embeddings_of, find_objects, objects_identity

NAMES = ("ant", "bee", "cup", "dog")


def backbone(dim):
    pixels = Preprocessing(
        resolution=8, resize="squash", crop_fraction=1.0, interpolation="nearest",
        mean=(0.5,) * 3, std=(0.5,) * 3,
    )  # fmt: skip
    return ResolvedBackbone(
        name="some_model", model_args=(), representation="output", dim=dim, weights_sha256="0",
        preprocessing=pixels,
    )  # fmt: skip


@pytest.fixture
def config(tmp_path):
    np.savez(tmp_path / "e.npz", names=np.array(NAMES[:0:-1]), embeddings=np.eye(3))
    images = tmp_path / "images"
    images.mkdir()
    for name in NAMES[:2]:
        (images / f"{name}.jpg").write_text(name)
    return FitTeacherConfig(
        output="o", choices="c", images=str(images), embeddings=str(tmp_path / "e.npz")
    )


def test_ready_embeddings_come_before_images_and_need_no_machine(config):
    objects = find_objects(config, NAMES)
    assert objects.missing == ("ant",)
    assert objects.images is not None
    assert list(objects.images.urls) == ["ant", "bee"]
    made = embeddings_of(objects, config, backbone(3))
    assert made.object_ids == ("bee", "cup", "dog")
    assert made.vectors.tolist() == np.eye(3)[::-1].tolist()
    assert made.rejects == {}


def test_another_width_names_the_backbone(config):
    with pytest.raises(InputError, match=r"embeddings of 3 numbers; expected 5.*some_model"):
        embeddings_of(find_objects(config, NAMES), config, backbone(5))


def test_the_identity_is_that_of_the_content(config, tmp_path):
    objects = find_objects(config, NAMES)
    identity = objects_identity(config, objects)
    (tmp_path / "e.npz").rename(tmp_path / "moved.npz")
    moved = FitTeacherConfig(**{**vars(config), "embeddings": str(tmp_path / "moved.npz")})
    assert objects_identity(moved, objects) == identity
    pictures = FitTeacherConfig(**{**vars(config), "embeddings": None})
    found = find_objects(pictures, NAMES)
    assert found.missing == ("cup", "dog")
    assert list(objects_identity(pictures, found)) == ["images"]
