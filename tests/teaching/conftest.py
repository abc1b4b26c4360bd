"""A small world: people see three hidden numbers of an object, the backbone a noisy mixture."""

from types import SimpleNamespace

import numpy as np
import pytest

from alignet_ray.config.transform_fit import Candidate, FitConfig
from alignet_ray.functional.agreement import count_choices
from alignet_ray.functional.object_folds import fold_of_objects
from alignet_ray.functional.odd_one_out import pair_similarities
from alignet_ray.teaching.affine_task import Material
from alignet_ray.teaching.human_accuracy import HumanCounts
from alignet_ray.teaching.human_data import HumanEmbedding
from alignet_ray.teaching.judgements import judgements_of

NUM_OBJECTS = 90
FIT = {"num_triplets": 4_000, "num_validation_triplets": 1_000, "max_epochs": 60}


def world():
    random = np.random.default_rng(0)
    meaning = random.uniform(0, 2.5, size=(NUM_OBJECTS, 3))
    surface = random.normal(size=(NUM_OBJECTS, 9)) * 1.5
    vectors = np.hstack([meaning, surface]) @ random.normal(size=(12, 12)) + 4
    return meaning, vectors.astype(np.float32)


def make_material(**changes):
    meaning, vectors = world()
    names = tuple(map(str, range(NUM_OBJECTS)))
    fit = FitConfig(**FIT | changes.pop("fit", {}))
    source = HumanEmbedding(names=names, vectors=meaning)
    given = {
        "vectors": vectors,
        "judgements": judgements_of(source, names, seed=0, place="here"),
        "folds": fold_of_objects(NUM_OBJECTS, fit.num_folds, 0),
        "local": None,
        "fit": fit,
        "seed": 0,
        "threads": 1,
    }
    return Material(**given | changes)


def make_human():
    meaning, _ = world()
    random = np.random.default_rng(1)
    triplets = np.array([random.permutation(NUM_OBJECTS)[:3] for _ in range(600)])
    chosen = pair_similarities(meaning, triplets).argmax(axis=1)
    unique, counts = count_choices(triplets, 2 - chosen)
    return HumanCounts(triplets=unique, counts=counts, num_resamples=50, seed=0)


@pytest.fixture
def small():
    """Makers of material and responses, and one candidate that learns."""
    return SimpleNamespace(
        material=make_material,
        human=make_human,
        candidate=Candidate(1e-3, 3e-2, 0.0, None),
        num_objects=NUM_OBJECTS,
    )
