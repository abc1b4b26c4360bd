"""From material to the teacher's map: search, choose, measure on unseen objects, fit on all.

The maps that are measured and the one on all objects are the last tasks, run together.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from alignet_ray.config.transform_fit import Candidate
from alignet_ray.records.cells import read_cell, write_cell
from alignet_ray.records.digests import Json
from alignet_ray.records.json_lines import paced
from alignet_ray.records.teacher_bundle import Transform
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks
from alignet_ray.teaching.affine_task import Material, fit_for
from alignet_ray.teaching.human_accuracy import HumanCounts, unseen_responses
from alignet_ray.teaching.selection import (
    UNSEEN,
    TaskPlace,
    run_search,
    selection_metrics,
    unseen_folds,
    winner_of,
)
from alignet_ray.teaching.unseen_objects import UnseenFold, measure_fold, pooled


class LastFit(NamedTuple):
    """The fit on all objects."""

    candidate: Candidate
    num_steps: int


class Fitted(NamedTuple):
    """The teacher's map, and its accuracy on responses that no fit has seen, where given."""

    transform: Transform
    on_responses: Json | None


def fit_transform(
    candidates: Sequence[Candidate],
    material: Material,
    human: HumanCounts | None,
    place: TaskPlace,
) -> tuple[Transform, Json]:
    """The map fitted on all objects with the chosen settings, and all figures of it.

    Call inside `ray_session`. Raises InputError where no settings learn anything.
    """
    search = run_search(candidates, material, place)
    winner = winner_of(search)
    folds = unseen_folds(search, winner)
    last = LastFit(search.candidates[winner.candidate], search.num_steps(winner))
    measured, fitted = _last_tasks(folds, last, material, human, place)
    metrics: Json = {
        "selection": selection_metrics(search, winner),
        "unseen_objects": pooled(measured, folds, human),
    }
    if fitted.on_responses is not None:
        metrics["unseen_responses"] = fitted.on_responses
    return fitted.transform, metrics


def _last_tasks(
    folds: Sequence[UnseenFold],
    last: LastFit,
    material: Material,
    human: HumanCounts | None,
    place: TaskPlace,
) -> tuple[list[Json], Fitted]:
    identity = material.identity()
    wanted = {fold: fold.identity(identity, human) for fold in folds}
    measured = {
        fold: kept
        for fold, own in wanted.items()
        if (kept := read_cell(place.folder, UNSEEN, own)) is not None
    }
    missing = [last, *(fold for fold in wanted if fold not in measured)]
    fitted: Fitted | None = None
    with progress("fit", len(missing), "fits", is_shown=place.is_shown) as advance:
        done = map_tasks(_run, missing, material, human, num_cpus=place.num_cpus)
        for item, (result, seconds) in done:
            place.log.add(_logged(item, seconds))
            if isinstance(result, Fitted):
                fitted = result
            elif isinstance(item, UnseenFold):
                write_cell(place.folder, UNSEEN, wanted[item], result)
                measured[item] = result
            advance(1)
    assert fitted is not None, "it is among the tasks"
    return [measured[fold] for fold in folds], fitted


def _run(
    item: UnseenFold | LastFit, material: Material, human: HumanCounts | None
) -> tuple[Json | Fitted, float]:
    start = time.monotonic()
    if isinstance(item, UnseenFold):
        result = measure_fold(item, material, human)
    else:
        result = fit_on_all(item, material, human)
    return result, time.monotonic() - start


def _logged(item: UnseenFold | LastFit, seconds: float) -> Json:
    fold = item.fold if isinstance(item, UnseenFold) else None
    name = "all objects" if fold is None else UNSEEN
    return {"fit": name, "fold": fold, **item.candidate._asdict(), **paced(item.num_steps, seconds)}


def fit_on_all(last: LastFit, material: Material, human: HumanCounts | None) -> Fitted:
    """The map fitted on all objects; centred on all of them where people's responses ask for it."""
    everything = np.ones(len(material.vectors), dtype=bool)
    transform = fit_for(everything, "all", last.candidate, last.num_steps, material)
    if human is None:
        return Fitted(transform, None)
    after = transform.apply(material.vectors)
    return Fitted(transform, unseen_responses(material.vectors, after, human))
