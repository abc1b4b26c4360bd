"""A cell of the search: one candidate fitted without one fold of the objects, judged inside it."""

import itertools
import math
from typing import NamedTuple

import torch

from alignet_ray.config.transform_fit import Candidate
from alignet_ray.functional.affine_map import AffineMap
from alignet_ray.functional.agreement import expected_accuracy
from alignet_ray.functional.fold_choice import is_over
from alignet_ray.functional.groups import gram_pair_similarities
from alignet_ray.functional.transform_fit import compact
from alignet_ray.functional.transform_losses import SoftTriplets, cross_entropy, self_gram
from alignet_ray.records.digests import Json
from alignet_ray.teaching.affine_task import Material, fit_on, torch_threads
from alignet_ray.teaching.judgements import Judged


class Cell(NamedTuple):
    """A candidate and the fold that it does not see."""

    candidate: Candidate
    fold: int

    def identity(self, material: Json) -> Json:
        """What its curve depends on."""
        return {"material": material, "candidate": self.candidate._asdict(), "fold": self.fold}


def run_cell(cell: Cell, material: Material) -> Json:
    """The validation curve: cross-entropy and expected accuracy (dot products) after each epoch.

    It ends before the first epoch that is no finite number, and says so.
    """
    with torch_threads(material.threads):
        fit = fit_on(material.folds != cell.fold, str(cell.fold), cell.candidate, material)
        after_epochs = itertools.islice(
            fit.maps, fit.steps_per_epoch - 1, None, fit.steps_per_epoch
        )
        judged = material.validation(cell.fold)
        features, targets = compact(fit.space.features(material.vectors), material.targets(judged))
        losses: list[float] = []
        accuracies: list[float] = []
        for affine in after_epochs:
            loss, accuracy = _measure(affine, features, targets, judged)
            losses.append(loss)
            accuracies.append(accuracy)
            if _is_last(losses, material):
                break
    has_diverged = not math.isfinite(losses[-1])
    length = len(losses) - has_diverged
    return {
        "cross_entropy": losses[:length],
        "expected_accuracy": accuracies[:length],
        "has_diverged": has_diverged,
        "steps_per_epoch": fit.steps_per_epoch,
    }


def curve_of(cell: Json) -> list[float]:
    """Its cross-entropies, to infinity where it diverged."""
    return [*cell["cross_entropy"], *([math.inf] if cell["has_diverged"] else [])]


def _is_last(losses: list[float], material: Material) -> bool:
    fit = material.fit
    return len(losses) >= fit.max_epochs or is_over(losses, fit.patience, fit.least_improvement)


@torch.no_grad()
def _measure(
    affine: AffineMap, features: torch.Tensor, targets: SoftTriplets, judged: Judged
) -> tuple[float, float]:
    gram = self_gram(affine.apply(features))
    similarities = gram_pair_similarities(gram, targets.triplets)
    loss = cross_entropy(similarities, targets.probabilities).mean()
    accuracy = expected_accuracy(similarities.numpy(), judged.probabilities).mean()
    return float(loss), float(accuracy)
