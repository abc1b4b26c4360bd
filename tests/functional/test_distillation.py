"""The Gram loss against a slow literal reference over explicitly listed triplets."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from alignet_ray.functional.distillation import agrees_with_teacher, gram_loss, gram_matrices
from alignet_ray.functional.groups import STRATEGIES, triplet_positions
from alignet_ray.functional.losses import DIVERGENCES

SMALLEST = {"random": (3,), "within_cluster": (3,), "within_class": (3,)}
LARGER = {"random": (5,), "within_cluster": (4, 3), "within_class": (3, 3)}
CASES = [(strategy, SMALLEST.get(strategy, (2, 1))) for strategy in STRATEGIES]
CASES += [(strategy, LARGER.get(strategy, (3, 3, 3))) for strategy in STRATEGIES]
CASES += [("cluster_border", (3, 2, 2))]
"""The paper's triplet, and a P x K group, of every strategy."""
STUDENT_TEMPERATURE = 2.5
TEACHER_TEMPERATURE = 0.7


def _literal_triplets(strategy: str, blocks: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Every triplet by its words: border = two of one block and one of another, in that order."""
    block = [b for b, size in enumerate(blocks) for _ in range(size)]
    images = range(sum(blocks))
    if strategy.endswith("border"):
        return [
            (i, j, k)
            for i, j in itertools.combinations(images, 2)
            for k in images
            if block[i] == block[j] != block[k]
        ]
    triplets = itertools.combinations(images, 3)
    if strategy == "random":
        return list(triplets)
    return [t for t in triplets if len({block[i] for i in t}) == 1]


def _literal_loss(
    divergence: str, vectors: Tensor, teacher: Tensor, i: int, j: int, k: int
) -> Tensor:
    """Divergence of one triplet, softmax and logarithm by hand (method: section 5)."""
    pairs = [(i, j), (i, k), (j, k)]
    student = torch.stack([vectors[a].dot(vectors[b]) for a, b in pairs]) / STUDENT_TEMPERATURE
    target = torch.stack([teacher[a, b] for a, b in pairs]) / TEACHER_TEMPERATURE
    p = target.exp() / target.exp().sum()
    q = student.exp() / student.exp().sum()
    if divergence == "kl":
        return (p * (p / q).log()).sum()
    middle = (p + q) / 2
    return ((p * (p / middle).log()).sum() + (q * (q / middle).log()).sum()) / 2


def _example(blocks: tuple[int, ...], groups: int = 2) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    size = (groups, sum(blocks), 6)
    student = torch.randn(size, generator=generator, dtype=torch.float64, requires_grad=True)
    teacher = torch.randn(size, generator=generator, dtype=torch.float64)
    return student, teacher @ teacher.mT


def _losses(
    vectors: Tensor,
    teacher: Tensor,
    strategy: str,
    blocks: tuple[int, ...],
    divergence: str = "kl",
) -> Tensor:
    return gram_loss(
        gram_matrices(vectors),
        teacher,
        torch.from_numpy(triplet_positions(strategy, blocks)),
        student_temperature=STUDENT_TEMPERATURE,
        teacher_temperature=TEACHER_TEMPERATURE,
        divergence=DIVERGENCES[divergence],
    )


@pytest.mark.parametrize("divergence", DIVERGENCES)
@pytest.mark.parametrize(("strategy", "blocks"), CASES)
def test_values_and_gradients_equal_listed_triplets(
    strategy: str, blocks: tuple[int, ...], divergence: str
) -> None:
    vectors, teacher = _example(blocks)
    literal = torch.stack(
        [
            torch.stack(
                [_literal_loss(divergence, vectors[g], teacher[g], *t)
                 for t in _literal_triplets(strategy, blocks)]
            )
            for g in range(len(vectors))
        ]
    )  # fmt: skip
    losses = _losses(vectors, teacher, strategy, blocks, divergence)
    assert losses.shape == literal.shape
    torch.testing.assert_close(losses.sort().values, literal.sort().values, atol=1e-6, rtol=0)
    (found,) = torch.autograd.grad(losses.mean(), vectors)
    (expected,) = torch.autograd.grad(literal.mean(), vectors)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("student", "kl", "jsd"),
    [
        ([0, 0, 0], 0.65755, 0.17713),
        ([100, 50, 20], 0.35099, 0.09910),
        ([500, 300, 100], 0.0, 0.0),
    ],
)
def test_golden_values(student: list[float], kl: float, jsd: float) -> None:
    """The values of method.md, section 7."""

    def gram(pairs: list[float]) -> Tensor:
        matrix = torch.zeros(1, 3, 3, dtype=torch.float64)
        for (i, j), value in zip([(0, 1), (0, 2), (1, 2)], pairs, strict=True):
            matrix[0, i, j] = matrix[0, j, i] = value
        return matrix

    triplets = torch.tensor([[0, 1, 2]])
    for divergence, expected in (("kl", kl), ("jsd", jsd)):
        losses = gram_loss(
            gram(student),
            gram([5, 3, 1]),
            triplets,
            student_temperature=100.0,
            teacher_temperature=1.0,
            divergence=DIVERGENCES[divergence],
        )
        assert losses.item() == pytest.approx(expected, abs=1e-5)


def test_permuting_the_images_inside_blocks_keeps_the_mean() -> None:
    vectors, teacher = _example((3, 3, 3))
    order = torch.tensor([2, 0, 1, 4, 5, 3, 8, 6, 7])
    before = _losses(vectors, teacher, "cluster_border", (3, 3, 3))
    moved = teacher[:, order][:, :, order]
    after = _losses(vectors[:, order], moved, "cluster_border", (3, 3, 3))
    torch.testing.assert_close(before.sort().values, after.sort().values)


def test_agreement_counts_the_same_odd_one_and_no_ties() -> None:
    vectors, teacher = _example((5,))
    triplets = torch.from_numpy(triplet_positions("random", (5,)))
    student = gram_matrices(vectors).detach()
    found = agrees_with_teacher(student, teacher, triplets)
    for g, (place, (i, j, k)) in itertools.product(range(2), enumerate(triplets.tolist())):
        pairs = [(i, j), (i, k), (j, k)]
        best = [max(pairs, key=lambda p, m=m: m[p].item()) for m in (student[g], teacher[g])]
        assert found[g, place].item() == (best[0] == best[1])
    assert agrees_with_teacher(teacher, teacher, triplets).all()
    assert not agrees_with_teacher(torch.zeros_like(teacher), teacher, triplets).any()


def test_half_precision_representations_are_multiplied_in_float32() -> None:
    vectors = torch.full((1, 2, 64), 3.9, dtype=torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        gram = gram_matrices(vectors)
    assert gram.dtype == torch.float32
    exact = float(vectors[0, 0].double().dot(vectors[0, 1].double()))
    assert gram[0, 0, 1].item() == pytest.approx(exact, rel=1e-6)


def test_a_large_group_stays_small() -> None:
    """48 x 4: 54,144 triplets from one Gram matrix."""
    blocks = (4,) * 48
    generator = np.random.default_rng(0)
    vectors = torch.from_numpy(generator.normal(size=(1, 192, 16)).astype(np.float32))
    vectors.requires_grad_()
    losses = _losses(vectors, torch.zeros(1, 192, 192), "cluster_border", blocks)
    assert losses.shape == (1, 54_144)
    losses.mean().backward()
    assert torch.isfinite(vectors.grad).all()
