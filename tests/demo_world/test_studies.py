"""The demo's studies are files that the readers take, and people in them follow the law."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from alignet_ray.demo_world import studies
from alignet_ray.demo_world.categories import CATEGORIES, NUM_CATEGORIES, levels_shared
from alignet_ray.functional.levels import LEVELS, exclusions, judged_triplets
from alignet_ray.records.class_hierarchy import read_class_categories
from alignet_ray.records.human import read_names
from alignet_ray.records.levels import LevelsTrials, read_levels
from alignet_ray.records.similarity_matrix import read_similarity_matrix


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("stimuli")
    scenes = studies.stimuli(0)
    studies.write_judgements(root, list(scenes), list(scenes.values()), 0)
    return root


@pytest.fixture(scope="module")
def trials(folder: Path) -> LevelsTrials:
    return read_levels(str(folder / "trials"))


def test_trials_are_read_and_the_careless_person_is_excluded(trials: LevelsTrials) -> None:
    assert len(trials.participants) == studies.NUM_SETS * studies.PEOPLE_PER_SET
    left_out = exclusions(trials.trials, trials.trial_sets)
    dropped = np.flatnonzero(~left_out.is_kept)
    assert dropped.tolist() == [studies.CARELESS]
    judged = judged_triplets(trials.trials, left_out)
    sizes = Counter(LEVELS[level] for level in judged.level)
    assert min(sizes.values()) > 0.9 * studies.NUM_SETS * studies.TRIPLETS_PER_LEVEL


def test_people_are_slower_where_they_doubt(trials: LevelsTrials) -> None:
    judged = judged_triplets(trials.trials, exclusions(trials.trials, trials.trial_sets))
    shares = judged.counts.max(axis=1) / judged.counts.sum(axis=1)
    assert np.corrcoef(shares, judged.mean_log_seconds)[0, 1] < -0.5


def test_similarities_grow_with_the_levels_shared(folder: Path) -> None:
    names = read_names(str(folder / "names.txt"))
    human = read_similarity_matrix(str(folder / "similarity.npy"), "similarity")
    assert human.num_images == len(names) == studies.NUM_JUDGED
    assert len(human.triangles) == studies.NUM_JUDGES
    kinds = {own.subordinate: number for number, own in enumerate(CATEGORIES)}
    categories = np.array([kinds[name.split("_", 2)[2]] for name in names])
    left, right = np.triu_indices(len(names), 1)
    shared = levels_shared(categories[left], categories[right])
    means = [human.triangles.mean(axis=0)[shared == level].mean() for level in range(4)]
    assert means == sorted(means)


def test_classes_are_balanced_and_have_their_categories(tmp_path: Path) -> None:
    counted = Counter(name.split("/")[0] for name, _ in studies.labelled(0))
    assert counted == {
        "train": NUM_CATEGORIES * studies.TRAIN_PER_CLASS,
        "test": NUM_CATEGORIES * studies.TEST_PER_CLASS,
    }
    table = tmp_path / "categories.csv"
    table.write_text(studies.categories_csv())
    found = read_class_categories(str(table))
    assert found.superordinate["shark"] == "animal"
    assert found.basic["shark"] == "fish"
