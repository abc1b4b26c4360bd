"""What `evaluate` measures in the demo beside odd-one-out choices: three small studies.

    <root>/stimuli/images/<id>.jpg            pictures that nothing was trained on
    <root>/stimuli/similarity.npy, names.txt  how alike each of some people finds two of them
    <root>/stimuli/trials/<person>.json       odd-one-out choices at three levels, with times, in
                                              the layout of Levels
    <root>/classes/{train,test}/<subordinate>/<number>.jpg     labelled pictures
    <root>/classes/categories.csv             basic and superordinate category of each class

People judge by meaning alone, under the law of `observers`; they take longer where they doubt. One
person answers without looking, so that the exclusion of careless participants can be seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from alignet_ray.demo_world.categories import (
    CATEGORIES,
    NUM_CATEGORIES,
    NUM_LEVELS,
    levels_shared,
    paths,
)
from alignet_ray.demo_world.observers import pair_probabilities
from alignet_ray.demo_world.scenes import Scene, sample_scenes
from alignet_ray.functional.odd_one_out import PAIR_ORDER

STIMULI_PER_CATEGORY = 8
TRAIN_PER_CLASS, TEST_PER_CLASS = 12, 10
NUM_JUDGED = 3 * NUM_CATEGORIES
NUM_JUDGES = 6
NUM_SETS, PEOPLE_PER_SET = 4, 5
TRIPLETS_PER_LEVEL, CATCH_TRIALS = 25, 10
CARELESS = 3
"""The person who answers without looking."""

_LEVELS = ("between_class", "within_class", "class_boundary")
_JUDGEMENT_NOISE = 0.8
_SECONDS, _SLOWER_BY_DOUBT, _SPREAD = 1.2, 1.1, 0.25
_LAPSE = 0.02
_STIMULUS_STREAM, _TRAIN_STREAM, _TEST_STREAM, _JUDGE_STREAM, _TRIAL_STREAM = range(5, 10)

Categories = Int[np.ndarray, " pictures"]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Three pictures by number, and the level (or catch trial) that they are shown for."""

    pictures: tuple[int, int, int]
    kind: str
    level: str | None


def stimuli(seed: int) -> dict[str, Scene]:
    """The pictures that people judge, by id."""
    scenes = sample_scenes(STIMULI_PER_CATEGORY * NUM_CATEGORIES, [seed, _STIMULUS_STREAM])
    return {
        f"stimulus_{number:03d}_{CATEGORIES[scene.category].subordinate}": scene
        for number, scene in enumerate(scenes)
    }


def labelled(seed: int) -> Iterator[tuple[str, Scene]]:
    """The labelled pictures, by their path below `classes`."""
    for split, count, stream in (
        ("train", TRAIN_PER_CLASS, _TRAIN_STREAM), ("test", TEST_PER_CLASS, _TEST_STREAM)
    ):  # fmt: skip
        for number, scene in enumerate(sample_scenes(count * NUM_CATEGORIES, [seed, stream])):
            yield f"{split}/{CATEGORIES[scene.category].subordinate}/{number:03d}.jpg", scene


def categories_csv() -> str:
    """Class, basic and superordinate category, as `--hierarchy.categories` takes them."""
    rows = [f"{own.subordinate},{own.basic},{own.superordinate}" for own in CATEGORIES]
    return "\n".join(["class,basic,superordinate", *rows]) + "\n"


def write_judgements(
    folder: Path, names: Sequence[str], scenes: Sequence[Scene], seed: int
) -> None:
    """Similarities of the first pictures, one matrix per person, and all people's trials."""
    categories = np.array([scene.category for scene in scenes])
    np.save(folder / "similarity.npy", similarity_judgements(categories[:NUM_JUDGED], seed))
    (folder / "names.txt").write_text("".join(f"{name}\n" for name in names[:NUM_JUDGED]))
    (folder / "trials").mkdir(parents=True, exist_ok=True)
    for person in range(NUM_SETS * PEOPLE_PER_SET):
        lines = people_lines(person, names, categories, seed)
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        (folder / "trials" / f"participant_{person:02d}.json").write_text(text)


def similarity_judgements(
    categories: Categories, seed: int
) -> Float[np.ndarray, "people pictures pictures"]:
    """Levels that two pictures share, with everybody's own noise; 3 on the diagonal."""
    shared = levels_shared(categories[:, None], categories[None, :]).astype(np.float64)
    matrices: list[Float[np.ndarray, "pictures pictures"]] = []
    for person in range(NUM_JUDGES):
        rng = np.random.default_rng([seed, _JUDGE_STREAM, person])
        noise = rng.normal(scale=_JUDGEMENT_NOISE, size=shared.shape)
        judged = shared + (noise + noise.T) / np.sqrt(2)
        np.fill_diagonal(judged, judged.max() + 1)
        matrices.append(judged)
    return np.stack(matrices)


def people_lines(
    person: int, names: Sequence[str], categories: Categories, seed: int
) -> Iterator[dict[str, Any]]:
    """One person's trials in the released layout; people of one set see the same triplets."""
    own_set = person // PEOPLE_PER_SET
    trials = set_of_trials(categories, np.random.default_rng([seed, _TRIAL_STREAM, own_set]))
    rng = np.random.default_rng([seed, _TRIAL_STREAM, NUM_SETS + person])
    for row in rng.permutation(len(trials)):
        yield _line(trials[row], person, names, categories, rng)


def set_of_trials(categories: Categories, rng: np.random.Generator) -> list[Trial]:
    """Triplets of each level, and catch trials whose odd picture nobody can miss."""
    trials = [
        Trial(pictures=_draw(level, categories, rng), kind="exp_trial", level=level)
        for level in _LEVELS
        for _ in range(TRIPLETS_PER_LEVEL)
    ]
    catch = [
        Trial(pictures=_draw("catch", categories, rng), kind="catch_trial", level=None)
        for _ in range(CATCH_TRIALS)
    ]
    return trials + catch


def _draw(level: str, categories: Categories, rng: np.random.Generator) -> tuple[int, int, int]:
    """Three pictures: of three basic categories, of one, of two (two pictures of one), or two of a
    class and one of another superordinate category.
    """
    superordinate, basic, _ = paths(categories).T
    while True:
        first, second, third = (int(row) for row in rng.choice(len(categories), 3, replace=False))
        is_drawn = {
            "between_class": len({basic[first], basic[second], basic[third]}) == NUM_LEVELS
            and superordinate[first] == superordinate[second],
            "within_class": basic[first] == basic[second] == basic[third]
            and len({int(categories[row]) for row in (first, second, third)}) > 1,
            "class_boundary": basic[first] == basic[second] != basic[third],
            "catch": categories[first] == categories[second]
            and superordinate[first] != superordinate[third],
        }[level]
        if is_drawn:
            return first, second, third


def _line(
    trial: Trial,
    person: int,
    names: Sequence[str],
    categories: Categories,
    rng: np.random.Generator,
) -> dict[str, Any]:
    shown = rng.permutation(trial.pictures)
    law = pair_probabilities(categories[shown][None])[0]
    if trial.kind == "catch_trial":
        law = (1 - _LAPSE) * (law == law.max()) + _LAPSE / len(law)
    is_careless = person == CARELESS
    pair = int(rng.choice(len(law), p=np.full(len(law), 1 / len(law)) if is_careless else law))
    (odd,) = {0, 1, 2} - set(PAIR_ORDER[pair])
    doubt = float(-(law * np.log(np.maximum(law, 1e-12))).sum())
    seconds = _SECONDS * np.exp(_SLOWER_BY_DOUBT * doubt + rng.normal(scale=_SPREAD))
    images = [f"stimuli/{names[row]}.jpg" for row in shown]
    right = int(law.argmax()) == pair if trial.kind == "catch_trial" else None
    return {
        "exp_trial_type": trial.kind,
        **{f"image{place}Path": image for place, image in enumerate(images, 1)},
        "selected_image": images[odd],
        "rt": round(1000 * float(seconds), 1),
        "subject_id": f"participant_{person}",
        "file_identifier": f"person {person:02d}",
        "triplet_class": trial.level,
        "catch_trial_correct": right,
    }
