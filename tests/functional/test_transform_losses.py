"""Each term of the loss against a slow, literal one in float64; gradients; what leaves it alone."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.affine_map import AffineMap
from alignet_ray.functional.odd_one_out import PAIR_ORDER
from alignet_ray.functional.transform_losses import (
    LocalTerm,
    SoftTriplets,
    cross_entropy,
    distance_to_identity,
    local_cross_entropy,
    mean_cross_entropy,
    objective,
    self_gram,
)


def normal(random, *shape):
    return torch.randn(*shape, generator=random, dtype=torch.float64)


def literal_cross_entropy(weight, bias, features, triplets, probabilities):
    """Section 3 of the method, one triplet and one pair at a time."""
    total = 0.0
    for triplet, target in zip(triplets.tolist(), probabilities, strict=True):
        mapped = [weight @ features[row] + bias for row in triplet]
        dots = torch.stack([mapped[i] @ mapped[j] for i, j in PAIR_ORDER])
        total = total - sum(p * torch.log(torch.softmax(dots, 0)[k]) for k, p in enumerate(target))
    return total / len(triplets)


def literal_local(original, transformed, temperature):
    """gLocal's local term, one pair of images at a time."""

    def rows(features):
        count = len(features)
        for i in range(count):
            cosines = [
                features[i] @ features[j] / (features[i].norm() * features[j].norm())
                for j in range(count)
                if j != i
            ]
            yield torch.softmax(torch.stack(cosines) / temperature, 0)

    pairs = zip(rows(original), rows(transformed), strict=True)
    return sum(-(q.detach() * p.log()).sum() for q, p in pairs) / len(original)


def literal_pull(weight):
    dim = len(weight)
    alpha = torch.trace(weight) / dim
    return ((weight - alpha * torch.eye(dim, dtype=weight.dtype)) ** 2).sum()


@pytest.mark.parametrize(
    ("regularisation", "local_weight"), [(0.0, 0.0), (0.3, 0.0), (10.0, 0.25), (0.1, 1.0)]
)
@pytest.mark.parametrize("hard", [False, True])
def test_objective_and_gradients_equal_the_literal_ones(regularisation, local_weight, hard):
    random = torch.Generator().manual_seed(1)
    features, others = normal(random, 7, 4), normal(random, 6, 4)
    original = normal(random, 6, 9)
    weight = normal(random, 4, 4).requires_grad_()
    bias = normal(random, 4).requires_grad_()
    triplets = torch.tensor([[0, 1, 2], [6, 3, 0], [5, 4, 1], [2, 2, 3]])
    probabilities = torch.softmax(normal(random, 4, 3), -1)
    if hard:
        probabilities = torch.eye(3, dtype=torch.float64)[probabilities.argmax(1)]
    data = SoftTriplets(triplets, probabilities)
    term = LocalTerm(original, others, local_weight, 0.3) if local_weight else None
    ours = objective(AffineMap(weight, bias), features, data, regularisation, term)
    slow = (1 - local_weight) * literal_cross_entropy(weight, bias, features, *data)
    slow = slow + local_weight * literal_local(original, others @ weight.T + bias, 0.3)
    slow = slow + regularisation * literal_pull(weight)
    assert ours.item() == pytest.approx(slow.item())
    for mine, reference in zip(
        torch.autograd.grad(ours, (weight, bias)),
        torch.autograd.grad(slow, (weight, bias)),
        strict=True,
    ):
        torch.testing.assert_close(mine, reference)


def test_gradients_equal_finite_differences():
    random = torch.Generator().manual_seed(2)
    features, others = normal(random, 5, 3), normal(random, 4, 3)
    data = SoftTriplets(
        torch.tensor([[0, 1, 2], [4, 3, 0]]), torch.softmax(normal(random, 2, 3), -1)
    )
    term = LocalTerm(others, others, 0.4, 0.5)

    def loss(weight, bias):
        return objective(AffineMap(weight, bias), features, data, 0.2, term)

    start = (normal(random, 3, 3).requires_grad_(), normal(random, 3).requires_grad_())
    assert torch.autograd.gradcheck(loss, start)
    assert torch.autograd.gradcheck(self_gram, (normal(random, 4, 3).requires_grad_(),))


def test_hard_targets_are_hard_alignment_and_never_nan():
    similarities = torch.tensor([[2000.0, 0.0, -2000.0]])
    assert cross_entropy(similarities, torch.tensor([[1.0, 0.0, 0.0]])).item() == 0.0
    assert cross_entropy(similarities, torch.tensor([[0.0, 1.0, 0.0]])).item() == 2000.0


def test_multiples_of_the_identity_cost_nothing():
    assert distance_to_identity(3.5 * torch.eye(6)).item() == pytest.approx(0.0, abs=1e-5)
    assert distance_to_identity(torch.diag(torch.tensor([1.0, -1.0]))).item() == pytest.approx(2.0)


seeds = st.integers(0, 10_000)


@given(seed=seeds, dim=st.integers(1, 5), factor=st.floats(-3, 3))
def test_the_pull_is_blind_to_the_basis_and_to_the_identity(seed, dim, factor):
    random = torch.Generator().manual_seed(seed)
    weight = normal(random, dim, dim)
    basis, _ = torch.linalg.qr(normal(random, dim, dim))
    here = distance_to_identity(weight).item()
    assert distance_to_identity(basis @ weight @ basis.T).item() == pytest.approx(here, abs=1e-9)
    shifted = weight + factor * torch.eye(dim, dtype=torch.float64)
    assert distance_to_identity(shifted).item() == pytest.approx(here, abs=1e-9)
    assert here == pytest.approx(literal_pull(weight).item(), abs=1e-9)


@given(seed=seeds)
def test_permuting_a_triplet_permutes_its_pairs(seed):
    random = torch.Generator().manual_seed(seed)
    affine = AffineMap(normal(random, 3, 3), normal(random, 3))
    features = normal(random, 6, 3)
    triplet, target = torch.tensor([4, 0, 3]), torch.softmax(normal(random, 3), 0)
    losses = []
    for order in itertools.permutations(range(3)):
        pairs = [PAIR_ORDER.index(tuple(sorted((order[i], order[j])))) for i, j in PAIR_ORDER]
        data = SoftTriplets(triplet[list(order)][None], target[pairs][None])
        losses.append(mean_cross_entropy(affine, features, data).item())
    assert losses == pytest.approx([losses[0]] * len(losses))


@given(seed=seeds, factor=st.floats(0.1, 10))
def test_turning_the_result_changes_nothing(seed, factor):
    """Dot products do not see a rotation; cosines do not see a scale either."""
    random = torch.Generator().manual_seed(seed)
    weight, bias, features = normal(random, 3, 3), normal(random, 3), normal(random, 6, 3)
    turn, _ = torch.linalg.qr(normal(random, 3, 3))
    data = SoftTriplets(
        torch.tensor([[0, 1, 2], [3, 4, 5]]), torch.softmax(normal(random, 2, 3), -1)
    )
    plain, turned = AffineMap(weight, bias), AffineMap(turn @ weight, turn @ bias)
    here, there = (mean_cross_entropy(own, features, data).item() for own in (plain, turned))
    assert there == pytest.approx(here)
    moved = plain.apply(features)
    near = local_cross_entropy(features, moved, 0.2)
    torch.testing.assert_close(local_cross_entropy(features, factor * moved @ turn.T, 0.2), near)


@given(seed=seeds, images=st.integers(2, 6), temperature=st.floats(0.05, 2))
def test_the_local_loss_is_least_where_neighbourhoods_are_kept(seed, images, temperature):
    """Cross-entropy is at least the entropy, reached by the original itself."""
    random = torch.Generator().manual_seed(seed)
    original, other = normal(random, images, 4), normal(random, images, 4)
    least = local_cross_entropy(original, original, temperature)
    assert bool((local_cross_entropy(original, other, temperature) >= least - 1e-9).all())
    order = torch.randperm(images, generator=random)
    torch.testing.assert_close(
        local_cross_entropy(original[order], other[order], temperature),
        local_cross_entropy(original, other, temperature)[order],
    )


def test_the_original_of_the_local_loss_is_fixed():
    original = torch.randn(4, 3).requires_grad_()
    local_cross_entropy(original, torch.randn(4, 3).requires_grad_(), 0.1).sum().backward()
    assert original.grad is None


def test_objects_that_no_triplet_shows_do_not_matter():
    random = torch.Generator().manual_seed(3)
    affine = AffineMap(normal(random, 3, 3), normal(random, 3))
    features = normal(random, 5, 3)
    data = SoftTriplets(torch.tensor([[0, 1, 2]]), torch.softmax(normal(random, 1, 3), -1))
    short = mean_cross_entropy(affine, features[:3], data)
    assert mean_cross_entropy(affine, features, data).item() == pytest.approx(short.item())
    assert np.isfinite(short.item())
