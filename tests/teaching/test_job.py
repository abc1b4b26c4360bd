"""fit_teacher end to end on coloured squares, whose colours are all that people see."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from PIL import Image

from alignet_ray.config.backbone import BackboneConfig, PreprocessingConfig
from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.config.resources import Resources
from alignet_ray.config.transform_fit import FitConfig, SearchConfig
from alignet_ray.config.vice import ViceConfig
from alignet_ray.errors import InputError, MismatchError
from alignet_ray.functional.odd_one_out import pair_similarities
from alignet_ray.models.backbones import load_backbone
from alignet_ray.records.cells import SELECTION_FOLDER
from alignet_ray.records.choices import read_choices
from alignet_ray.records.human import without_triplets_of
from alignet_ray.records.store import Folder
from alignet_ray.records.teacher_bundle import BUNDLE_NAME, TRANSFORM_NAME, read_bundle
from alignet_ray.teaching.job import curves_of, fit_teacher

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
        fit=FitConfig(max_epochs=25, num_triplets=2_000, num_validation_triplets=300),
        grid=SearchConfig(regularisation=(0.3, 3.0)),
        num_resamples=20,
        resources=RESOURCES,
    )


def with_settings(config, **changes):
    return FitTeacherConfig(**{**vars(config), **changes})


@pytest.fixture
def ready(tmp_path, config):
    """The same objects without images: choices by ids, embeddings of all objects but one."""
    random = np.random.default_rng(1)
    names = [f"thing{i:02d}" for i in range(NUM_OBJECTS)]
    dim = load_backbone(config.backbone).resolved.dim
    meaning = random.uniform(0, 3, size=(NUM_OBJECTS, 3))
    surface = 0.05 * random.normal(size=(NUM_OBJECTS, dim - 3))
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
        config, images=None, names=None, human_embedding=None, cache=None,
        embeddings=str(tmp_path / "e.npz"), choices=str(tmp_path / "choices.csv"),
        responses=str(tmp_path / "responses.csv"), output=str(tmp_path / "ready"),
        vice=ViceConfig(num_dimensions=10, max_epochs=80), vice_cpus=1,
    )  # fmt: skip


@pytest.mark.ray
@pytest.mark.usefixtures("ray_cluster")
def test_choices_and_ready_embeddings_need_neither_names_nor_images(ready, tmp_path, capsys):
    bundle = fit_teacher(ready)
    counts = bundle.metrics["counts"]
    assert (counts["objects"], counts["embedded_objects"]) == (NUM_OBJECTS, NUM_OBJECTS - 1)
    assert counts["missing_images"] == ["thing00"]
    given = read_choices(ready.choices, None)
    choices = without_triplets_of(given, read_choices(ready.responses, given.names))
    left_out = len(given.triplets) - len(choices.triplets)
    assert counts["left_out_for_responses"] == left_out > 0
    assert counts["choices_without_image"] == (choices.triplets == 0).any(axis=1).sum()
    assert counts["choices"] == len(choices.triplets)
    vice = bundle.metrics["vice"]
    assert vice["num_choices"] + vice["held_out"]["num_choices"] == len(choices.triplets)
    assert vice["held_out"]["accuracy"] > 0.7
    calibration = bundle.metrics["unseen_responses"]["calibration"]
    assert set(calibration) == {"before", "before_at_best_temperature", "after", "human_model"}
    losses = {name: own["negative_log_likelihood"] for name, own in calibration.items()}
    assert max(losses["after"], losses["human_model"]) < np.log(3) / 2
    page = Folder.at(ready.output).read("report/index.html").decode()
    assert "thing01" in page
    assert "thing00" in capsys.readouterr().out
    fit_teacher(ready)
    assert "nothing to do" in capsys.readouterr().out
    places = {"embeddings": str(tmp_path / "narrow.npz"), "output": str(tmp_path / "narrow")}
    with pytest.raises(InputError, match="the width of test_efficientnet"):
        fit_teacher(with_settings(ready, **places))


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
    losses = bundle.metrics["unseen_objects"]["cross_entropy"]
    assert losses["oracle"] < losses["after"] < losses["before"]
    responses = bundle.metrics["unseen_responses"]
    assert counts["dropped_responses"] == 60 - responses["num_responses"] > 0
    printed = capsys.readouterr().out
    assert "1 without an image (thing00)" in printed
    assert "chosen of 2 settings over 3 folds" in printed
    assert read_bundle(folder).digest == bundle.digest

    fit_teacher(config)
    assert "nothing to do" in capsys.readouterr().out
    with pytest.raises(MismatchError, match=r"search\.regularisation \[7\.0\]"):
        fit_teacher(with_settings(config, grid=SearchConfig(regularisation=(7.0,))))
    assert {name: folder.read(name) for name in written} == written
    _resumes(config, folder, written)
    _widens(config, folder)


def _resumes(config, folder, written):
    """Of a search whose bundle and one cell are lost only that cell is computed again."""
    selection = folder.folder(SELECTION_FOLDER)
    before = _cells(selection)
    assert sorted(name.split("-")[0] for name in before) == ["cell"] * 6 + ["unseen"] * 3
    lost = next(name for name in before if name.startswith("cell"))
    selection.delete(lost)
    for name in written:
        folder.delete(name)
    fit_teacher(config)
    assert {name: folder.read(name) for name in written} == written, "the same bytes"
    after = _cells(selection)
    assert {name: own.data for name, own in after.items()} == {
        name: own.data for name, own in before.items()
    }
    written_again = {name for name in before if after[name].time != before[name].time}
    assert written_again == {lost}


def _widens(config, folder):
    """A wider grid computes what it adds."""
    selection = folder.folder(SELECTION_FOLDER)
    before = _cells(selection)
    folder.delete(BUNDLE_NAME)
    wider = SearchConfig(regularisation=(0.3, 1.0, 3.0))
    fit_teacher(with_settings(config, grid=wider))
    after = _cells(selection)
    assert before.items() <= after.items()
    added = [name for name in after.keys() - before.keys() if name.startswith("cell")]
    assert len(added) == 3


def _cells(folder):
    return {
        name: SimpleNamespace(data=folder.read(name), time=Path(folder.path(name)).stat().st_mtime)
        for name in folder.sizes()
    }


def test_the_report_marks_the_last_epoch_of_a_fold_that_stopped_early():
    curves = curves_of(
        {
            "num_epochs": 3,
            "winner_curves": [
                {"fold": 0, "cross_entropy": [1.0, 0.9, 0.8, 0.85]},
                {"fold": 1, "cross_entropy": [1.0, 0.95]},
                {"fold": 2, "cross_entropy": []},
            ],
        }
    )
    assert [curve.chosen_epoch for curve in curves] == [3, 2, None]
