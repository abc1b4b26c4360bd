"""The search as a stage: every cell a pure task, kept on disk as soon as it is finished.

Cells are candidates times folds of objects. The winner has the lowest mean cross-entropy on
held-out objects, and that mean's best epoch says for how long it is fitted again on all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple, TypeVar

from alignet_ray.config.transform_fit import Candidate
from alignet_ray.errors import InputError
from alignet_ray.functional.fold_choice import (
    Choice,
    best_epoch,
    choose,
    choose_without,
    mean_curve,
)
from alignet_ray.functional.temperature import MAX_ENTROPY
from alignet_ray.records.cells import read_cell, write_cell
from alignet_ray.records.digests import Json
from alignet_ray.records.store import Folder
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks
from alignet_ray.teaching.affine_task import Material
from alignet_ray.teaching.cells import Cell, curve_of, run_cell
from alignet_ray.teaching.unseen_objects import UnseenFold

CELL, UNSEEN = "cell", "unseen"

Item = TypeVar("Item")


class TaskPlace(NamedTuple):
    """Where finished pieces are kept, the cores of a task, and whether progress is shown."""

    folder: Folder
    num_cpus: float
    is_shown: bool


@dataclass(frozen=True, kw_only=True)
class Search:
    """Every cell's curves, by candidate and fold, in order."""

    candidates: tuple[Candidate, ...]
    cells: tuple[tuple[Json, ...], ...]

    def curves(self) -> list[list[list[float]]]:
        """Cross-entropies by candidate, fold and epoch."""
        return [[curve_of(cell) for cell in own] for own in self.cells]


def run_search(candidates: Sequence[Candidate], material: Material, place: TaskPlace) -> Search:
    """All cells, those that are missing computed in parallel. Call inside `ray_session`."""
    identity = material.identity()
    wanted = {
        cell: cell.identity(identity)
        for cell in (Cell(*own) for own in product(candidates, range(material.num_folds)))
    }
    found: dict[Cell, Json] = {}
    for cell, own in wanted.items():
        kept = read_cell(place.folder, CELL, own)
        if kept is not None:
            found[cell] = kept
    missing = [cell for cell in wanted if cell not in found]
    with progress("search", len(missing), "fits", is_shown=place.is_shown) as advance:
        for cell, result in map_tasks(run_cell, missing, material, num_cpus=place.num_cpus):
            write_cell(place.folder, CELL, wanted[cell], result)
            found[cell] = result
            advance(1)
    return Search(
        candidates=tuple(candidates),
        cells=tuple(
            tuple(found[Cell(candidate, fold)] for fold in range(material.num_folds))
            for candidate in candidates
        ),
    )


def winner_of(search: Search) -> Choice:
    """The candidate to fit again. Raises InputError where none learns anything."""
    choice = choose(search.curves())
    if choice is None or choice.cross_entropy >= MAX_ENTROPY:
        reached = "every fit diverged" if choice is None else f"{choice.cross_entropy:.4f}"
        raise InputError(
            f"no settings lowered the cross-entropy on held-out objects ({reached})",
            f"less than {MAX_ENTROPY:.4f}, that of calling all pairs equally likely", "the fit",
            "Try other --grid.learning-rate, or give more triplets or objects.",
        )  # fmt: skip
    return choice


def unseen_folds(search: Search, winner: Choice) -> list[UnseenFold]:
    """Each fold with what the other folds alone chose."""
    chosen: list[UnseenFold] = []
    for fold in range(len(search.cells[0])):
        own = choose_without(search.curves(), fold) or winner
        chosen.append(UnseenFold(fold, search.candidates[own.candidate], own.num_epochs))
    return chosen


def selection_metrics(search: Search, winner: Choice) -> Json:
    """The grid for people: each fold at its own best epoch, the mean at the best common one."""
    best = search.candidates[winner.candidate]
    cells = [_cell_metrics(*own) for own in zip(search.candidates, search.cells, strict=True)]
    return {
        "winner": best._asdict(),
        "num_epochs": winner.num_epochs,
        "mean_cross_entropy": winner.cross_entropy,
        "cells": cells,
        "winner_curves": [
            {"fold": fold, **cell} for fold, cell in enumerate(search.cells[winner.candidate])
        ],
    }


def _cell_metrics(candidate: Candidate, cells: Sequence[Json]) -> Json:
    folds = [_fold_metrics(fold, cell) for fold, cell in enumerate(cells)]
    mean = mean_curve([curve_of(cell) for cell in cells])
    epoch = best_epoch(mean)
    return {
        **candidate._asdict(),
        "folds": folds,
        "num_epochs": epoch,
        "mean_cross_entropy": float(mean[epoch - 1]) if epoch else None,
    }


def _fold_metrics(fold: int, cell: Json) -> Json:
    epoch = best_epoch(curve_of(cell))
    names = ("cross_entropy", "expected_accuracy")
    values = {name: cell[name][epoch - 1] if epoch else None for name in names}
    return {"fold": fold, "best_epoch": epoch, **values}
