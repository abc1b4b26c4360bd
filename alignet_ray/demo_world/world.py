"""The demo's world on disk: a pool of images, judged objects, and what the observers said.

    <root>/images/<superordinate>/<basic>_<subordinate>_<number>.jpg   the pool, label = folder
    <root>/objects/images/<object id>.jpg                              what the observers judged
    <root>/objects/names.txt                                           their ids, one a line
    <root>/objects/train_choices.parquet                               choices, on train objects
    <root>/objects/test_responses.tsv                                  choices, on held-out objects
    <root>/stimuli/, <root>/classes/                                   what `studies` makes
    <root>/world.json                                                  settings; its presence: done

Train objects are the first rows of the names, held-out objects the others; both are balanced over
the categories. The world is made beside its root and renamed, so it is there whole or not at all.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from alignet_ray.demo_world import studies
from alignet_ray.demo_world.categories import CATEGORIES, NUM_CATEGORIES
from alignet_ray.demo_world.observers import ceiling, pair_probabilities, simulate_responses
from alignet_ray.demo_world.rendering import render
from alignet_ray.demo_world.scenes import Scene, sample_scenes
from alignet_ray.demo_world.triplets import sample_triplets
from alignet_ray.errors import ConfigError, MismatchError
from alignet_ray.records.digests import canonical_json, parse_json
from alignet_ray.records.human_tables import OBJECT_COLUMNS

WORLD_VERSION = 3
WORLD_FILE = "world.json"

_JPEG_QUALITY = 90
_TRAIN_SHARE = 2 / 3
_POOL_STREAM, _TRAIN_STREAM, _TEST_STREAM, _CHOICE_STREAM, _RESPONSE_STREAM = range(5)


@dataclass(frozen=True, kw_only=True, slots=True)
class WorldSettings:
    """What the world is a function of."""

    seed: int
    num_images: int
    num_objects: int
    image_size: int
    num_train_choices: int
    num_test_triplets: int
    responses_per_triplet: int
    num_subjects: int
    version: int = WORLD_VERSION

    def __post_init__(self) -> None:
        least = {"num_images": NUM_CATEGORIES, "num_objects": 3 * NUM_CATEGORIES, "image_size": 16}
        for name, minimum in least.items():
            value = getattr(self, name)
            if value < minimum:
                raise ConfigError(f"{name} = {value}", f"{minimum} or more", "write_world")

    @property
    def num_train_objects(self) -> int:
        """How many of the first names may be learned from."""
        return round(_TRAIN_SHARE * self.num_objects)


def write_world(
    root: Path,
    *,
    seed: int,
    num_images: int = 1800,
    num_objects: int = 720,
    image_size: int = 96,
    num_train_choices: int = 100_000,
    num_test_triplets: int = 1000,
    responses_per_triplet: int = 5,
    num_subjects: int = 40,
) -> None:
    """Write the world below `root`; nothing is done where the same world is already there.

    Raises MismatchError where `root` holds anything else, ConfigError for impossible numbers.
    """
    settings = WorldSettings(
        seed=seed,
        num_images=num_images,
        num_objects=num_objects,
        image_size=image_size,
        num_train_choices=num_train_choices,
        num_test_triplets=num_test_triplets,
        responses_per_triplet=responses_per_triplet,
        num_subjects=num_subjects,
    )
    if _is_written(root, settings):
        return
    staging = root.absolute().with_name(f".{root.absolute().name}.partial")
    shutil.rmtree(staging, ignore_errors=True)
    _write_pool(staging / "images", settings)
    best_accuracy = _write_objects(staging / "objects", settings)
    _write_studies(staging, settings)
    facts = {
        **asdict(settings),
        "num_train_objects": settings.num_train_objects,
        "best_accuracy": best_accuracy,
    }
    (staging / WORLD_FILE).write_bytes(canonical_json(facts))
    staging.rename(root.absolute())


def _is_written(root: Path, settings: WorldSettings) -> bool:
    """Whether this world is there already; raises MismatchError where something else is."""
    if not root.exists() or not any(root.iterdir()):
        return False
    path = root / WORLD_FILE
    if not path.exists():
        raise MismatchError(
            f"no {WORLD_FILE}", "a world or an empty folder", str(root), "Give another folder."
        )
    found = parse_json(path.read_bytes(), str(path))
    for name, value in asdict(settings).items():
        if found.get(name) != value:
            raise MismatchError(
                f"{name} = {found.get(name)}", str(value), str(path), "Give another folder."
            )
    return True


def _write_pool(folder: Path, settings: WorldSettings) -> None:
    """Write the unlabelled pool; the folder names are for people and for measuring alone."""
    scenes = sample_scenes(settings.num_images, [settings.seed, _POOL_STREAM])
    for index, scene in enumerate(scenes):
        meaning = CATEGORIES[scene.category]
        name = f"{meaning.basic}_{meaning.subordinate}_{index:05d}.jpg"
        _write_jpeg(folder / meaning.superordinate / name, scene, settings.image_size)


def _write_objects(folder: Path, settings: WorldSettings) -> float:
    """Write the judged objects and both kinds of judgements; the best accuracy on the held-out."""
    num_train = settings.num_train_objects
    train = sample_scenes(num_train, [settings.seed, _TRAIN_STREAM])
    test = sample_scenes(settings.num_objects - num_train, [settings.seed, _TEST_STREAM])
    names = [
        f"object_{index:04d}_{CATEGORIES[scene.category].subordinate}"
        for index, scene in enumerate([*train, *test], 1)
    ]
    for name, scene in zip(names, [*train, *test], strict=True):
        _write_jpeg(folder / "images" / f"{name}.jpg", scene, settings.image_size)
    (folder / "names.txt").write_text("".join(f"{name}\n" for name in names))
    _write_choices(folder / "train_choices.parquet", train, names, settings)
    return _write_responses(folder / "test_responses.tsv", test, num_train, settings)


def _write_studies(root: Path, settings: WorldSettings) -> None:
    """Write what `evaluate` measures beside the held-out responses."""
    scenes = studies.stimuli(settings.seed)
    for name, scene in scenes.items():
        _write_jpeg(root / "stimuli" / "images" / f"{name}.jpg", scene, settings.image_size)
    studies.write_judgements(root / "stimuli", list(scenes), list(scenes.values()), settings.seed)
    for name, scene in studies.labelled(settings.seed):
        _write_jpeg(root / "classes" / name, scene, settings.image_size)
    (root / "classes" / "categories.csv").write_text(studies.categories_csv())


def _write_choices(
    path: Path,
    scenes: Sequence[Scene],
    names: Sequence[str],
    settings: WorldSettings,
) -> None:
    """Write a table of object ids and the odd one out, as anyone may bring their own study."""
    rng = np.random.default_rng([settings.seed, _CHOICE_STREAM])
    categories = np.array([scene.category for scene in scenes])
    triplets = sample_triplets(categories, settings.num_train_choices, rng)
    responses = simulate_responses(
        pair_probabilities(categories[triplets]),
        responses_per_triplet=1,
        num_subjects=settings.num_subjects,
        rng=rng,
    )
    ids = np.array(names)[triplets]
    columns = {column: ids[:, k] for k, column in enumerate(OBJECT_COLUMNS)}
    odd = ids[np.arange(len(ids)), responses.odd_one_out]
    pq.write_table(pa.table({**columns, "odd": odd, "subject": responses.subject}), path)


def _write_responses(
    path: Path,
    scenes: Sequence[Scene],
    first_row: int,
    settings: WorldSettings,
) -> float:
    """Write responses as THINGS does, numbers counted from 1; the accuracy none can exceed."""
    rng = np.random.default_rng([settings.seed, _RESPONSE_STREAM])
    categories = np.array([scene.category for scene in scenes])
    triplets = sample_triplets(categories, settings.num_test_triplets, rng)
    probabilities = pair_probabilities(categories[triplets])
    responses = simulate_responses(
        probabilities,
        responses_per_triplet=settings.responses_per_triplet,
        num_subjects=settings.num_subjects,
        rng=rng,
    )
    objects = triplets[responses.triplet] + first_row + 1
    rows = np.column_stack([objects, responses.odd_one_out + 1, responses.subject + 1])
    np.savetxt(path, rows, fmt="%d", delimiter="\t")
    return ceiling(probabilities)


def _write_jpeg(path: Path, scene: Scene, image_size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    render(scene, image_size).save(path, quality=_JPEG_QUALITY)
