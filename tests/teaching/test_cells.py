"""A cell sees its own fold only to measure it; what it depends on is in its identity."""

import numpy as np
import pytest

from alignet_ray.config.transform_fit import Candidate
from alignet_ray.errors import InputError
from alignet_ray.functional.fold_choice import best_epoch
from alignet_ray.teaching.affine_task import fit_for
from alignet_ray.teaching.cells import Cell, run_cell


def test_a_curve_falls_and_stops(small):
    found = run_cell(Cell(small.candidate, 0), small.material(fit={"least_improvement": 0.03}))
    losses, accuracies = found["cross_entropy"], found["expected_accuracy"]
    assert len(losses) == len(accuracies) < 60
    assert min(losses) < 0.8 < 1.0986
    assert accuracies[best_epoch(losses) - 1] > 0.6


def test_a_cell_repeats_whatever_the_held_out_objects_look_like_to_the_fit(small):
    """Of the held-out objects nothing enters the fit: only their measured curve changes."""
    material = small.material(fit={"num_components": 6})
    vectors = material.vectors.copy()
    vectors[material.folds == 1] += 100
    other = small.material(fit={"num_components": 6}, vectors=vectors)
    outside = material.folds != 1
    first, again, changed = (
        fit_for(outside, "1", small.candidate, 5, own) for own in (material, material, other)
    )
    assert first.sha256 == again.sha256 == changed.sha256
    cell = Cell(small.candidate, 1)
    assert run_cell(cell, material) == run_cell(cell, material) != run_cell(cell, other)


def test_hard_targets_and_components_learn_too(small):
    for fit in ({"targets": "hard"}, {"num_components": 8}, {"num_components": 99}):
        found = run_cell(Cell(small.candidate, 2), small.material(fit=fit))
        assert min(found["cross_entropy"]) < 0.955


def test_the_local_loss_pulls_the_map_towards_keeping_neighbours(small):
    others = np.random.default_rng(3).normal(size=(80, 12)).astype(np.float32)
    material = small.material(local=others)
    everything = np.ones(small.num_objects, dtype=bool)

    def neighbours(vectors):
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return (unit @ unit.T)[np.triu_indices(80, 1)]

    def kept(weight):
        candidate = Candidate(0.0, 3e-2, weight, 0.3 if weight else None)
        moved = fit_for(everything, "all", candidate, 60, material).apply(others)
        standardised = (others - material.vectors.mean()) / material.vectors.std()
        return np.corrcoef(neighbours(moved), neighbours(standardised))[0, 1]

    assert kept(0.99) > kept(0.0) + 0.05


def test_a_fit_that_diverges_has_no_curve_and_cannot_be_fitted_again(small):
    wild = Candidate(1e-3, 1e30, 0.0, None)
    material = small.material(fit={"optimizer": "sgd", "gradient_clip": 1e30})
    found = run_cell(Cell(wild, 0), material)
    assert len(found["cross_entropy"]) < 3
    assert np.isfinite(found["cross_entropy"]).all()
    with pytest.raises(InputError, match=r"--fit\.learning-rate"):
        fit_for(material.folds != 0, "0", wild, 5, material)


def test_equal_representations_are_refused(small):
    flat = small.material(vectors=np.ones((small.num_objects, 12), np.float32))
    with pytest.raises(InputError, match="all numbers are equal"):
        run_cell(Cell(small.candidate, 0), flat)


def test_a_fold_without_triplets_is_refused(small):
    few = small.material(folds=np.where(np.arange(small.num_objects) < 2, 0, 1))
    with pytest.raises(InputError, match=r"fold 0 of 3 \(2 objects\).*--fit\.num-folds"):
        run_cell(Cell(small.candidate, 0), few)


def test_the_identity_covers_data_and_settings(small):
    cell, base = Cell(small.candidate, 0), small.material()

    def identity(material, own=cell):
        return own.identity(material.identity())

    same = identity(small.material(fit={"regularisation": 9.0, "num_local_images": 5}))
    assert same == identity(base), "what is searched stands in the candidate"
    others = [
        small.material(vectors=base.vectors + 1),
        small.material(folds=base.folds[::-1]),
        small.material(threads=2),
        small.material(seed=1),
        small.material(local=base.vectors),
        small.material(fit={"patience": 3}),
        small.material(fit={"num_triplets": 3}),
    ]
    assert all(identity(other) != identity(base) for other in others)
    assert identity(base, Cell(small.candidate, 1)) != identity(base)
