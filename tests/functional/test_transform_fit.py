"""The fit: planted recovery, what its switches do, and that it repeats."""

import itertools

import numpy as np
import pytest
import torch

from alignet_ray.functional.agreement import expected_accuracy
from alignet_ray.functional.object_folds import random_triplets
from alignet_ray.functional.odd_one_out import pair_similarities
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.functional.transform_fit import FitSettings, compact, fit_steps, steps_per_epoch
from alignet_ray.functional.transform_losses import (
    LocalTerm,
    SoftTriplets,
    cross_entropy,
    distance_to_identity,
    local_cross_entropy,
    mean_cross_entropy,
)

SETTINGS = FitSettings(
    regularisation=1e-3,
    learning_rate=1e-2,
    batch_size=1 << 20,
    local_batch_size=64,
    initial_scale=1e-2,
    gradient_clip=1.0,
    averaging=0.0,
    optimizer="adam",
    seed=0,
)


@pytest.fixture(autouse=True)
def _one_thread():
    """Small matrices: threads that share cores with other tests only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def fitted(features, train, num_epochs, local=None, **changes):
    settings = FitSettings(**{**vars(SETTINGS), **changes})
    maps = fit_steps(features, train, settings, local)
    num_steps = num_epochs * steps_per_epoch(len(train.triplets), settings.batch_size)
    return next(itertools.islice(maps, num_steps - 1, None)).detached()


@pytest.fixture(scope="module")
def planted():
    """Probabilities that a known linear map of random features gives; the last 72 held out."""
    random = np.random.default_rng(0)
    features = random.normal(size=(240, 12)).astype(np.float32)
    relevant = np.zeros((12, 12), np.float32)
    relevant[:3] = random.normal(size=(3, 12)) * 0.7
    human = features @ relevant.T
    stream = RandomStream(0, "planted")

    def draw(objects, count):
        triplets = random_triplets(objects, count, stream)
        similarities = torch.from_numpy(pair_similarities(human, triplets))
        return SoftTriplets(torch.from_numpy(triplets), torch.softmax(similarities, -1).float())

    return torch.from_numpy(features), draw(np.arange(168), 20_000), draw(np.arange(168, 240), 3000)


def accuracy_and_kl(features, data):
    similarities = pair_similarities(features.numpy(), data.triplets.numpy())
    probabilities = data.probabilities.double()
    entropy = -(probabilities * probabilities.log()).nan_to_num().sum(-1)
    kl = cross_entropy(torch.from_numpy(similarities), probabilities) - entropy
    return expected_accuracy(similarities, probabilities.numpy()).mean(), kl.mean().item()


@pytest.mark.parametrize("changes", [{}, {"optimizer": "sgd", "learning_rate": 0.3}])
def test_a_planted_map_is_matched_on_objects_never_seen(planted, changes):
    features, train, held_out = planted
    affine = fitted(features, train, 200, regularisation=0.0, **changes)
    accuracy, kl = accuracy_and_kl(affine.apply(features), held_out)
    raw_accuracy, raw_kl = accuracy_and_kl(features, held_out)
    assert kl < 0.02 < 0.5 < raw_kl
    assert accuracy > raw_accuracy + 0.05


@pytest.mark.parametrize(("batch_size", "num_epochs"), [(5_000, 100), (50, 2)])
def test_minibatches_learn_too(planted, batch_size, num_epochs):
    features, train, held_out = planted
    affine = fitted(features, train, num_epochs, batch_size=batch_size, regularisation=0.0)
    assert accuracy_and_kl(affine.apply(features), held_out)[1] < 0.02


def test_a_strong_regulariser_leaves_a_multiple_of_the_identity(planted):
    features, train, _ = planted

    def off_identity(regularisation):
        weight = fitted(features, train, 100, regularisation=regularisation).weight
        return (distance_to_identity(weight) / weight.square().sum()).item()

    assert off_identity(10.0) < 0.01 < 0.3 < off_identity(0.0)


def test_the_local_loss_keeps_neighbourhoods_of_other_images(planted):
    features, train, _ = planted
    others = torch.from_numpy(np.random.default_rng(1).normal(size=(150, 12)).astype(np.float32))

    def lost(weight):
        term = LocalTerm(others, others, weight, 0.2)
        affine = fitted(features, train, 100, term, regularisation=0.0)
        least = local_cross_entropy(others, others, 0.2)
        return (local_cross_entropy(others, affine.apply(others), 0.2) - least).mean().item()

    without, little, much = lost(0.0), lost(0.5), lost(0.99)
    assert much < little < 0.5 * without


def test_clipping_bounds_the_step(planted):
    features, train, _ = planted
    step = {"optimizer": "sgd", "learning_rate": 1.0, "gradient_clip": 1e-3}
    affine = fitted(features, train, 1, **step)
    start = SETTINGS.initial_scale
    moved = torch.cat([(affine.weight - start * torch.eye(12)).ravel(), affine.bias - start])
    assert moved.norm().item() == pytest.approx(1e-3, rel=1e-3)


def test_averaging_is_of_the_maps_of_all_steps(planted):
    """The maps themselves go their way; the average follows them, at first sooner."""
    features, train, _ = planted
    average = fitted(features, train, 1).weight
    for step in range(2, 15):
        share = 1 - min(0.5, (step - 1) / (step + 8))
        average = average + share * (fitted(features, train, step).weight - average)
    torch.testing.assert_close(fitted(features, train, 14, averaging=0.5).weight, average)


@pytest.mark.parametrize("has_local", [False, True])
def test_the_same_seed_gives_the_same_bits(planted, has_local):
    features, train, _ = planted
    term = LocalTerm(features, features, 0.3, 0.5) if has_local else None
    first, second = (fitted(features, train, 5, term, batch_size=7_000) for _ in range(2))
    assert torch.equal(first.weight, second.weight)
    other = fitted(features, train, 5, term, batch_size=7_000, seed=1)
    assert not torch.equal(first.weight, other.weight)


def test_one_thread_and_two_agree(planted):
    features, train, _ = planted
    one = fitted(features, train, 20)
    torch.set_num_threads(2)
    torch.testing.assert_close(fitted(features, train, 20).weight, one.weight)


def test_compaction_changes_no_loss(planted):
    features, _, held_out = planted
    shown, data = compact(features, held_out)
    assert len(shown) == 72
    affine = fitted(features, held_out, 3)
    here, there = (
        mean_cross_entropy(affine, *own).item() for own in ((features, held_out), (shown, data))
    )
    assert there == pytest.approx(here)
