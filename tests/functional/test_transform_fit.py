"""The affine fit: a literal reference of its objective, planted recovery, and its laws."""

import numpy as np
import pytest
import torch

from alignet_ray.functional.agreement import expected_accuracy
from alignet_ray.functional.odd_one_out import PAIR_ORDER, pair_similarities
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.functional.transform_fit import (
    AffineMap,
    FitSettings,
    SoftTriplets,
    cross_entropy,
    distance_to_identity,
    fit_affine,
    hold_out,
    is_within,
    mean_cross_entropy,
    objective,
    random_triplets,
    scalar_standardisation,
)

SETTINGS = FitSettings(
    regularisation=1e-3,
    learning_rate=1e-2,
    batch_size=1 << 20,
    max_epochs=200,
    patience=30,
    initial_scale=1e-2,
    gradient_clip=1.0,
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


def with_settings(**changes):
    return FitSettings(**{**vars(SETTINGS), **changes})


def literal_objective(weight, bias, features, triplets, probabilities, regularisation):
    """Section 3 of the method, one triplet and one pair at a time."""
    total = 0.0
    for triplet, target in zip(triplets.tolist(), probabilities, strict=True):
        mapped = [weight @ features[row] + bias for row in triplet]
        dots = torch.stack([mapped[i] @ mapped[j] for i, j in PAIR_ORDER])
        total = total - sum(p * torch.log(torch.softmax(dots, 0)[k]) for k, p in enumerate(target))
    dim = len(bias)
    alpha = torch.trace(weight) / dim
    pull = ((weight - alpha * torch.eye(dim, dtype=weight.dtype)) ** 2).sum()
    return total / len(triplets) + regularisation * pull


@pytest.mark.parametrize("regularisation", [0.0, 0.3, 10.0])
def test_objective_and_gradients_equal_the_literal_ones(regularisation):
    random = torch.Generator().manual_seed(1)
    features = torch.randn(7, 4, generator=random, dtype=torch.float64)
    weight = torch.randn(4, 4, generator=random, dtype=torch.float64).requires_grad_()
    bias = torch.randn(4, generator=random, dtype=torch.float64).requires_grad_()
    triplets = torch.tensor([[0, 1, 2], [6, 3, 0], [5, 4, 1], [2, 2, 3]])
    probabilities = torch.softmax(torch.randn(4, 3, generator=random, dtype=torch.float64), -1)
    data = SoftTriplets(triplets, probabilities)
    ours = objective(AffineMap(weight, bias), features, data, regularisation)
    slow = literal_objective(weight, bias, features, triplets, probabilities, regularisation)
    assert ours.item() == pytest.approx(slow.item())
    for mine, reference in zip(
        torch.autograd.grad(ours, (weight, bias)),
        torch.autograd.grad(slow, (weight, bias)),
        strict=True,
    ):
        torch.testing.assert_close(mine, reference)


def test_hard_targets_are_hard_alignment_and_never_nan():
    similarities = torch.tensor([[2000.0, 0.0, -2000.0]])
    assert cross_entropy(similarities, torch.tensor([[1.0, 0.0, 0.0]])).item() == 0.0
    assert cross_entropy(similarities, torch.tensor([[0.0, 1.0, 0.0]])).item() == 2000.0


def test_multiples_of_the_identity_cost_nothing():
    assert distance_to_identity(3.5 * torch.eye(6)).item() == pytest.approx(0.0, abs=1e-5)
    assert distance_to_identity(torch.diag(torch.tensor([1.0, -1.0]))).item() == pytest.approx(2.0)


@pytest.fixture(scope="module")
def planted():
    """Probabilities that a known linear map of random features gives."""
    random = np.random.default_rng(0)
    features = random.normal(size=(240, 12)).astype(np.float32)
    relevant = np.zeros((12, 12), np.float32)
    relevant[:3] = random.normal(size=(3, 12)) * 0.7
    human = features @ relevant.T
    held_out = hold_out(240, 0.3, seed=0)
    stream = RandomStream(0, "planted")

    def draw(objects, count):
        triplets = random_triplets(np.flatnonzero(objects), count, stream)
        similarities = torch.from_numpy(pair_similarities(human, triplets))
        return SoftTriplets(torch.from_numpy(triplets), torch.softmax(similarities, -1).float())

    return torch.from_numpy(features), draw(~held_out, 20_000), draw(held_out, 3_000)


def accuracy_and_kl(features, data):
    similarities = pair_similarities(features.numpy(), data.triplets.numpy())
    probabilities = data.probabilities.double()
    entropy = -(probabilities * probabilities.log()).nan_to_num().sum(-1)
    kl = cross_entropy(torch.from_numpy(similarities), probabilities) - entropy
    return expected_accuracy(similarities, probabilities.numpy()).mean(), kl.mean().item()


@pytest.mark.parametrize("changes", [{}, {"optimizer": "sgd", "learning_rate": 0.3}])
def test_a_planted_map_is_matched_on_objects_never_seen(planted, changes):
    features, train, held_out = planted
    result = fit_affine(features, train, held_out, with_settings(regularisation=0.0, **changes))
    accuracy, kl = accuracy_and_kl(result.affine.apply(features), held_out)
    raw_accuracy, raw_kl = accuracy_and_kl(features, held_out)
    assert kl < 0.02 < 0.5 < raw_kl
    assert accuracy > raw_accuracy + 0.05


def test_minibatches_learn_too(planted):
    features, train, held_out = planted
    settings = with_settings(batch_size=5_000, max_epochs=100, regularisation=0.0)
    result = fit_affine(features, train, held_out, settings)
    assert accuracy_and_kl(result.affine.apply(features), held_out)[1] < 0.02


def test_the_best_epoch_is_returned_and_patience_ends_the_fit(planted):
    features, train, held_out = planted
    settings = with_settings(learning_rate=0.05, patience=3)
    result = fit_affine(features, train, held_out, settings)
    losses = [step.validation_cross_entropy for step in result.history]
    assert result.best_epoch == 1 + int(np.argmin(losses))
    assert len(losses) in (result.best_epoch + 3, settings.max_epochs)
    again = mean_cross_entropy(result.affine, features, held_out)
    assert again.item() == pytest.approx(min(losses), abs=1e-5)


def test_a_fit_that_never_improves_returns_its_start(planted):
    features, train, held_out = planted
    settings = with_settings(learning_rate=1e3, patience=2, optimizer="sgd")
    result = fit_affine(features, train, held_out, settings)
    assert result.best_epoch == 0
    assert len(result.history) == 2
    assert torch.equal(result.affine.weight, settings.initial_scale * torch.eye(12))


def test_a_strong_regulariser_leaves_a_multiple_of_the_identity(planted):
    features, train, held_out = planted

    def off_identity(regularisation):
        settings = with_settings(regularisation=regularisation)
        weight = fit_affine(features, train, held_out, settings).affine.weight
        return (distance_to_identity(weight) / weight.square().sum()).item()

    assert off_identity(10.0) < 0.01 < 0.3 < off_identity(0.0)


def test_the_same_seed_gives_the_same_bits(planted):
    features, train, held_out = planted
    settings = with_settings(batch_size=7_000, max_epochs=5)
    first, second = (fit_affine(features, train, held_out, settings) for _ in range(2))
    assert torch.equal(first.affine.weight, second.affine.weight)
    assert first.history == second.history


def test_objects_are_held_out_and_triplets_stay_on_one_side():
    held_out = hold_out(20, 0.25, seed=3)
    assert held_out.sum() == 5
    triplets = random_triplets(np.flatnonzero(held_out), 50, RandomStream(0, "x"))
    assert is_within(triplets, held_out).all()
    assert not is_within(triplets, ~held_out).any()
    assert (np.diff(np.sort(triplets, axis=1), axis=1) > 0).all()


def test_standardisation_is_one_mean_and_one_scale():
    assert scalar_standardisation(np.array([[1.0, 3.0], [5.0, 7.0]])) == (4.0, np.sqrt(5.0))
