"""Objects come back in the order asked, without rejects, and are embedded once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.config.resources import Resources
from alignet_ray.errors import InputError
from alignet_ray.models.backbones import load_backbone
from alignet_ray.models.preprocessing import decode_image, to_pixels
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed_objects import embed_objects

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_cluster")]
RESOURCES = Resources(device="cpu", num_actors=1, progress=False)


@pytest.fixture
def backbone(tmp_path):
    torch.manual_seed(0)
    pixels = PreprocessingConfig(resolution=32)
    plain = {"name": "test_vit", "preprocessing": pixels, "model_args": ("img_size=32",)}
    trunk = load_backbone(BackboneConfig(**plain, random_init=True)).trunk
    torch.save(trunk.state_dict(), tmp_path / "weights.pth")
    return BackboneConfig(**plain, checkpoint=str(tmp_path / "weights.pth"))


def test_objects_are_embedded_once_in_the_order_asked(photo_folder, backbone, tmp_path, capsys):
    folder = photo_folder(images_per_label=3)
    (folder / "cat" / "broken.jpg").write_bytes(b"no image")
    paths = sorted(folder.rglob("*.jpg"), reverse=True)
    images = {path.stem + path.parent.name: str(path) for path in paths}
    cache = Folder.at(str(tmp_path / "cache"))

    first = embed_objects(images, backbone, plugins=(), cache=cache, resources=RESOURCES)
    assert first.rejects == {"brokencat": "not a JPEG, PNG or WebP image"}
    assert first.object_ids == tuple(key for key in images if key != "brokencat")
    model = load_backbone(backbone)
    for object_id, vector in zip(first.object_ids, first.vectors, strict=True):
        image = decode_image(Path(images[object_id]).read_bytes())
        pixels = to_pixels(image, model.resolved.preprocessing)
        with torch.no_grad():
            expected = model(torch.from_numpy(pixels[None].copy()))[0].numpy()
        np.testing.assert_allclose(vector, expected, rtol=1e-3, atol=1e-4)

    times = {path: path.stat().st_mtime_ns for path in Path(cache.url).rglob("*.parquet")}
    aloud = replace(RESOURCES, progress=True)
    again = embed_objects(images, backbone, plugins=(), cache=cache, resources=aloud)
    said = f"{len(images)} of {len(images)} images already embedded"
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line, "and not that any is embedded now"
    assert ", embedding" not in line
    np.testing.assert_array_equal(again.vectors, first.vectors)
    assert {path: path.stat().st_mtime_ns for path in Path(cache.url).rglob("*.parquet")} == times

    replaced = Path(images["000cat"])
    data = (folder / "dog" / "001.jpg").read_bytes()
    assert len(data) <= replaced.stat().st_size, "padded to the same length"
    replaced.write_bytes(data.ljust(replaced.stat().st_size, b"\0"))
    other = embed_objects(images, backbone, plugins=(), cache=cache, resources=RESOURCES)
    rows = {object_id: row for row, object_id in enumerate(other.object_ids)}
    np.testing.assert_array_equal(
        other.vectors[rows["000cat"]], first.vectors[rows["001dog"]]
    )  # the image that it is now


def test_a_missing_image_is_named(photo_folder, backbone, tmp_path):
    missing = str(photo_folder() / "cat" / "none.jpg")
    cache = Folder.at(str(tmp_path / "cache"))
    with pytest.raises(InputError, match=r"cat/none.jpg: no such file; .*the image of an object"):
        embed_objects({"none": missing}, backbone, plugins=(), cache=cache, resources=RESOURCES)
