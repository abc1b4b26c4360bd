"""fit_teacher end to end on coloured squares, whose colours are all that people see."""

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from PIL import Image

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.config.fit_teacher import FitConfig, FitTeacherConfig
from alignet_ray.config.resources import Resources
from alignet_ray.errors import InputError, MismatchError
from alignet_ray.functional.odd_one_out import pair_similarities
from alignet_ray.models.backbones import load_backbone
from alignet_ray.records.choices import read_choices
from alignet_ray.records.store import Folder
from alignet_ray.records.teacher_bundle import BUNDLE_NAME, TRANSFORM_NAME, read_bundle
from alignet_ray.teaching.job import fit_teacher

NUM_OBJECTS = 40
RESOURCES = Resources(device="cpu", num_actors=1, progress=False)


@pytest.fixture
def config(tmp_path):
    """Settings for 40 objects, one without an image and one with a broken one."""
    random = np.random.default_rng(0)
    colours = random.integers(0, 256, size=(NUM_OBJECTS, 3))
    names = [f"thing{i:02d}" for i in range(NUM_OBJECTS)]
    images = tmp_path / "images"
    images.mkdir()
    for name, colour in list(zip(names, colours, strict=True))[1:]:
        Image.new("RGB", (40, 40), tuple(map(int, colour))).save(images / f"{name}_01b.jpg")
    (images / f"{names[7]}_01b.jpg").write_bytes(b"not an image")
    (tmp_path / "names.txt").write_text("\n".join(names))
    np.save(tmp_path / "human.npy", colours / 90)
    triplets = np.array([random.permutation(NUM_OBJECTS)[:3] + 1 for _ in range(60)])
    rows = [f"{i}\t{j}\t{k}\t{1 + n % 3}\t1" for n, (i, j, k) in enumerate(triplets)]
    (tmp_path / "responses.tsv").write_text("\n".join(rows))
    torch.manual_seed(0)
    weights = timm.create_model("test_efficientnet", pretrained=False).state_dict()
    safetensors.torch.save_file(weights, tmp_path / "weights.safetensors")
    return FitTeacherConfig(
        images=str(images),
        names=str(tmp_path / "names.txt"),
        human_embedding=str(tmp_path / "human.npy"),
        responses=str(tmp_path / "responses.tsv"),
        output=str(tmp_path / "teacher"),
        cache=str(tmp_path / "cache"),
        backbone=BackboneConfig(
            name="test_efficientnet",
            checkpoint=str(tmp_path / "weights.safetensors"),
            preprocessing=PreprocessingConfig(resolution=32, resize="squash"),
        ),
        fit=FitConfig(max_epochs=25, num_triplets=2_000, num_held_out_triplets=300),
        num_resamples=20,
        resources=RESOURCES,
    )


@pytest.fixture
def ready(tmp_path, config):
    """The same objects without images: choices by ids, embeddings of all objects but one."""
    random = np.random.default_rng(1)
    names = [f"thing{i:02d}" for i in range(NUM_OBJECTS)]
    dim = load_backbone(config.backbone).resolved.dim
    meaning = random.uniform(0, 3, size=(NUM_OBJECTS, 3))
    surface = random.normal(size=(NUM_OBJECTS, dim - 3))
    vectors = np.hstack([meaning, surface]) @ random.normal(size=(dim, dim)) / 10
    np.savez(tmp_path / "e.npz", names=np.array(names[1:]), embeddings=vectors[1:])
    np.savez(tmp_path / "narrow.npz", names=np.array(names), embeddings=vectors[:, 1:])
    triplets = np.array([random.permutation(NUM_OBJECTS)[:3] for _ in range(8000)])
    odd = 2 - pair_similarities(meaning, triplets).argmax(axis=1)
    ids = np.array(names)[triplets]
    rows = [f"{a},{b},{c},{(a, b, c)[k]}" for (a, b, c), k in zip(ids, odd, strict=True)]
    header = "object1,object2,object3,odd"
    (tmp_path / "choices.csv").write_text("\n".join([header, *rows[:-500]]))
    (tmp_path / "responses.csv").write_text("\n".join([header, *rows[-500:]]))
    return with_settings(
        config, images=None, names=None, human_embedding=None,
        embeddings=str(tmp_path / "e.npz"), choices=str(tmp_path / "choices.csv"),
        responses=str(tmp_path / "responses.csv"), output=str(tmp_path / "ready"),
    )  # fmt: skip


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_choices_and_ready_embeddings_need_neither_names_nor_images(ready, tmp_path, capsys):
    bundle = fit_teacher(ready)
    counts = bundle.metrics["counts"]
    assert (counts["objects"], counts["embedded_objects"]) == (NUM_OBJECTS, NUM_OBJECTS - 1)
    assert counts["missing_images"] == ["thing00"]
    choices = read_choices(ready.choices, None)
    assert counts["dropped_without_image"] == (choices.triplets == 0).any(axis=1).sum()
    assert "thing00" in capsys.readouterr().out
    fit_teacher(ready)
    assert "nothing to do" in capsys.readouterr().out
    places = {"embeddings": str(tmp_path / "narrow.npz"), "output": str(tmp_path / "narrow")}
    with pytest.raises(InputError, match="the width of test_efficientnet"):
        fit_teacher(with_settings(ready, **places))


def with_settings(config, **changes):
    return FitTeacherConfig(**{**vars(config), **changes})


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_a_teacher_is_made_found_again_and_never_overwritten(config, capsys):
    bundle = fit_teacher(config)
    folder = Folder.at(config.output)
    written = {name: folder.read(name) for name in (BUNDLE_NAME, TRANSFORM_NAME)}
    counts = bundle.metrics["counts"]
    assert counts["missing_images"] == ["thing00"]
    assert list(counts["rejected_images"]) == ["thing07"]
    assert counts["embedded_objects"] == NUM_OBJECTS - 2
    held_out = bundle.metrics["held_out"]
    assert held_out["after"]["cross_entropy"] < held_out["before"]["cross_entropy"]
    assert counts["dropped_responses"] == 60 - bundle.metrics["human"]["num_responses"] > 0
    assert "1 without an image (thing00)" in capsys.readouterr().out
    assert read_bundle(folder).digest == bundle.digest

    fit_teacher(config)
    assert "nothing to do" in capsys.readouterr().out
    with pytest.raises(MismatchError, match=r"fit\.regularisation 7\.0"):
        fit_teacher(with_settings(config, fit=FitConfig(regularisation=7.0)))
    assert {name: folder.read(name) for name in written} == written

    for name in written:
        folder.delete(name)
    fit_teacher(config)
    assert {name: folder.read(name) for name in written} == written, "the same bytes"
