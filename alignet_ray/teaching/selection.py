"""The search as a stage: every cell a pure task, kept on disk as soon as it is finished.

Cells are candidates times folds of objects. The winner has the lowest mean cross-entropy on
held-out objects, and that mean's best epoch says how many steps it is fitted again on all of them.
"""

import time
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
from alignet_ray.records.json_lines import JsonLines, paced
from alignet_ray.records.store import Folder
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks
from alignet_ray.teaching.affine_task import Material
from alignet_ray.teaching.cells import Cell, curve_of, run_cell
from alignet_ray.teaching.unseen_objects import UnseenFold

CELL, UNSEEN = "cell", "unseen"

Item = TypeVar("Item")


class TaskPlace(NamedTuple):
    """Where finished pieces are kept, the cores of a task, whether progress is shown, the log."""

    folder: Folder
    num_cpus: float
    is_shown: bool
    log: JsonLines


@dataclass(frozen=True, kw_only=True)
class Search:
    """Every cell's curves, by candidate and fold, in order."""

    candidates: tuple[Candidate, ...]
    cells: tuple[tuple[Json, ...], ...]

    def curves(self) -> list[list[list[float]]]:
        """Cross-entropies by candidate, fold and epoch."""
        return [[curve_of(cell) for cell in own] for own in self.cells]

    def num_steps(self, choice: Choice, without: int | None = None) -> int:
        """Steps that the chosen epochs took, in the mean over the folds that chose them.

        A fit on more objects has more of the given triplets in an epoch, and so more steps.
        """
        cells = self.cells[choice.candidate]
        per_epoch = [cell["steps_per_epoch"] for k, cell in enumerate(cells) if k != without]
        return round(choice.num_epochs * sum(per_epoch) / len(per_epoch))


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
        done = map_tasks(_timed_cell, missing, material, num_cpus=place.num_cpus)
        for cell, (result, seconds) in done:
            write_cell(place.folder, CELL, wanted[cell], result)
            place.log.add(_logged(cell, result, seconds))
            found[cell] = result
            advance(1)
    return Search(
        candidates=tuple(candidates),
        cells=tuple(
            tuple(found[Cell(candidate, fold)] for fold in range(material.num_folds))
            for candidate in candidates
        ),
    )


def _timed_cell(cell: Cell, material: Material) -> tuple[Json, float]:
    start = time.monotonic()
    return run_cell(cell, material), time.monotonic() - start


def _logged(cell: Cell, result: Json, seconds: float) -> Json:
    """Times go to the log alone: what is kept of a cell is the same on every machine."""
    num_epochs = len(result["cross_entropy"]) + result["has_diverged"]
    num_steps = num_epochs * result["steps_per_epoch"]
    fit = {"fit": CELL, "fold": cell.fold, **cell.candidate._asdict()}
    return {**fit, **paced(num_steps, seconds), "epochs": num_epochs}


def winner_of(search: Search) -> Choice:
    """The candidate to fit again. Raises InputError where none learns anything."""
    choice = choose(search.curves())
    if choice is None or choice.cross_entropy >= MAX_ENTROPY:
        reached = "every fit diverged" if choice is None else f"{choice.cross_entropy:.4f}"
        raise InputError(
            f"no settings lowered the cross-entropy on held-out objects ({reached})",
            f"less than {MAX_ENTROPY:.4f}, that of calling all pairs equally likely", "the fit",
            "Try other --grid.learning-rate, give more triplets or objects, or look for embeddings "
            "in another order than their names.",
        )  # fmt: skip
    return choice


def unseen_folds(search: Search, winner: Choice) -> list[UnseenFold]:
    """Each fold with what the other folds alone chose."""
    chosen: list[UnseenFold] = []
    for fold in range(len(search.cells[0])):
        own = choose_without(search.curves(), fold) or winner
        num_steps = search.num_steps(own, without=fold)
        chosen.append(UnseenFold(fold, search.candidates[own.candidate], num_steps))
    return chosen


def selection_metrics(search: Search, winner: Choice) -> Json:
    """The grid for people: each fold at its own best epoch, the mean at the best common one."""
    best = search.candidates[winner.candidate]
    cells = [_cell_metrics(*own) for own in zip(search.candidates, search.cells, strict=True)]
    return {
        "winner": best._asdict(),
        "num_epochs": winner.num_epochs,
        "num_steps": search.num_steps(winner),
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
