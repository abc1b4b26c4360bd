import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alignet_ray.demo_world.categories import CATEGORIES, NUM_CATEGORIES, SUPERORDINATES
from alignet_ray.demo_world.observers import pair_probabilities
from alignet_ray.demo_world.world import write_world
from alignet_ray.errors import ConfigError, MismatchError
from alignet_ray.records.choices import read_choices
from alignet_ray.records.human import read_names
from alignet_ray.records.object_images import find_object_images

SMALL = {"num_images": 48, "num_objects": 144, "image_size": 24, "num_train_choices": 3000}
SMALL |= {"num_test_triplets": 150, "responses_per_triplet": 40}
NUM_TRAIN = 96
INDEX = {category.subordinate: index for index, category in enumerate(CATEGORIES)}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("demo") / "world"
    write_world(root, seed=0, **SMALL)
    return root


def category_of(object_id: str) -> int:
    return INDEX[object_id.split("_", 2)[2]]


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_the_pool_is_balanced_and_labelled_by_folder(world: Path) -> None:
    pool = list((world / "images").glob("*/*.jpg"))
    assert Counter(path.parent.name for path in pool) == dict.fromkeys(SUPERORDINATES, 12)
    with Image.open(pool[0]) as picture:
        assert picture.size == (24, 24)
    tram = next((world / "images" / "vehicle").glob("train_tram_*.jpg"))
    assert tram.stem.rsplit("_", 1)[1].isdigit()


def test_objects_have_images_and_both_sides_are_balanced(world: Path) -> None:
    names = read_names(str(world / "objects/names.txt"))
    assert len(names) == 144
    assert not find_object_images(str(world / "objects/images"), names).missing
    for side, per_category in ((names[:NUM_TRAIN], 4), (names[NUM_TRAIN:], 2)):
        counts = Counter(category_of(name) for name in side)
        assert counts == dict.fromkeys(range(NUM_CATEGORIES), per_category)


def test_choices_follow_the_law_on_train_objects(world: Path) -> None:
    choices = read_choices(str(world / "objects/train_choices.parquet"), None)
    categories = np.array([category_of(name) for name in choices.names])
    assert len(np.unique(np.sort(choices.triplets, axis=1), axis=0)) == 3000
    assert {int(name.split("_")[1]) for name in choices.names} <= set(range(1, NUM_TRAIN + 1))
    law = pair_probabilities(categories[choices.triplets])
    chosen = law[np.arange(len(law)), 2 - choices.odd_position]
    expected = (law**2).sum(axis=1)
    assert chosen.mean() == pytest.approx(expected.mean(), abs=4 * 0.5 / np.sqrt(len(law)))


def test_responses_follow_the_law_on_held_out_objects(world: Path) -> None:
    names = read_names(str(world / "objects/names.txt"))
    responses = read_choices(str(world / "objects/test_responses.tsv"), names)
    categories = np.array([category_of(name) for name in names])
    assert responses.triplets.min() >= NUM_TRAIN
    assert len(np.unique(responses.triplets, axis=0)) == 150
    assert len(responses.triplets) == 150 * 40
    law = pair_probabilities(categories[responses.triplets])
    best = law.argmax(axis=1)
    is_best = responses.odd_position == 2 - best
    expected = law.max(axis=1).mean()
    assert is_best.mean() == pytest.approx(expected, abs=4 * 0.5 / np.sqrt(len(law)))
    facts = json.loads((world / "world.json").read_text())
    assert facts["best_accuracy"] == pytest.approx(expected)
    assert facts["num_train_objects"] == NUM_TRAIN


def test_the_same_again_writes_nothing(world: Path) -> None:
    before = {path: os.stat(path).st_mtime_ns for path in world.rglob("*")}
    write_world(world, seed=0, **SMALL)
    assert before == {path: os.stat(path).st_mtime_ns for path in world.rglob("*")}


def test_the_seed_decides_every_byte(world: Path, tmp_path: Path) -> None:
    (tmp_path / ".again.partial" / "images").mkdir(parents=True)
    (tmp_path / ".again.partial" / "images" / "of_a_killed_run.jpg").touch()
    (tmp_path / "again").mkdir()
    write_world(tmp_path / "again", seed=0, **SMALL)
    assert files(tmp_path / "again") == files(world)
    write_world(tmp_path / "other", seed=1, **SMALL)
    assert files(tmp_path / "other") != files(world)


def test_other_settings_in_the_same_root_are_refused(world: Path) -> None:
    with pytest.raises(MismatchError, match=r"seed = 0; expected 1"):
        write_world(world, seed=1, **SMALL)


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(MismatchError, match=r"no world\.json"):
        write_world(tmp_path, seed=0, **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_too_small_a_world_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="num_objects = 10"):
        write_world(tmp_path / "world", seed=0, **{**SMALL, "num_objects": 10})
