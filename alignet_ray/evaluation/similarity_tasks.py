"""Models against people's similarities: what one task does, and how many there are."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from alignet_ray.evaluation.representations import Represented, Source
from alignet_ray.evaluation.similarity_domains import Judged
from alignet_ray.functional.rsa import human_agreement, mean_triangle, participants_agreement
from alignet_ray.functional.rsa_resamples import resampled_agreement
from alignet_ray.functional.similarity_matrices import pearson_upper, spearman_of_pairs
from alignet_ray.stages.progress import progress
from alignet_ray.stages.tasks import map_tasks, run_task

_MODELS_PER_TASK = 4
"""A task of resamples ranks people's pairs as well: with several models that is little more."""
_PAIRS_PER_TASK = 400_000_000
"""Pairs that a task of resamples ranks: some ten seconds, beside which its start is little."""

Run = tuple[int, int, tuple[int, ...]]
"""Resamples [first, last) of the models at some places."""


class AgainstPeople(NamedTuple):
    """A model's correlation with people's mean and, where there are several, with each."""

    value: float
    num_pairs: int
    undefined: str | None
    each: Float[np.ndarray, "participants"]


class DomainFigures(NamedTuple):
    """All models of a domain; resamples are None where there are too many images.

    `lower` and `upper` are each participant's correlation with the others and with all.
    """

    models: list[AgainstPeople]
    samples: Float[np.ndarray, "resamples models"] | None
    lower: Float[np.ndarray, "participants"]
    upper: Float[np.ndarray, "participants"]


def domain_figures(
    name: str,
    models: Sequence[Represented],
    judged: Judged,
    *,
    num_resamples: int,
    most_resampled: int,
    seed: int,
    is_shown: bool,
) -> DomainFigures:
    """Every model against people; call it inside `ray_session`.

    A task holds one model's triangle and people's (400 MB each for 10,000 images) and what
    ranking them takes; one of resamples those of at most four models.
    """
    sources = [own.source for own in models]
    found: list[AgainstPeople | None] = [None] * len(models)
    for place, own in map_tasks(against_people, range(len(models)), sources, judged):
        found[place] = own
    lower, upper = run_task(people_against_people, judged)
    samples = None
    if len(judged.rows) <= most_resampled:
        samples = _samples(name, sources, judged, num_resamples, seed, is_shown=is_shown)
    return DomainFigures([own for own in found if own is not None], samples, lower, upper)


def _samples(
    name: str,
    sources: Sequence[Source],
    judged: Judged,
    num_resamples: int,
    seed: int,
    *,
    is_shown: bool,
) -> Float[np.ndarray, "resamples models"]:
    runs = runs_of(len(sources), len(judged.rows), num_resamples)
    samples = np.empty((num_resamples, len(sources)))
    total = num_resamples * len(sources)
    with progress(f"resampling {name}", total, "resamples", is_shown=is_shown) as advance:
        for (start, stop, places), values in map_tasks(resampled, runs, sources, judged, seed):
            samples[start:stop, places] = values
            advance(values.size)
    return samples


def runs_of(num_models: int, num_images: int, num_resamples: int) -> list[Run]:
    """What the tasks are: few models each, and so many resamples that each takes its time."""
    starts = range(0, num_models, _MODELS_PER_TASK)
    blocks = [tuple(range(at, min(at + _MODELS_PER_TASK, num_models))) for at in starts]
    num_pairs = max(1, num_images**2 // 2)
    runs: list[Run] = []
    for block in blocks:
        step = max(1, _PAIRS_PER_TASK // (num_pairs * (len(block) + 1)))
        runs += [(at, min(at + step, num_resamples), block) for at in range(0, num_resamples, step)]
    return runs


def against_people(place: int, sources: Sequence[Source], judged: Judged) -> AgainstPeople:
    """One model against people, and against each of them where there are several."""
    triangle, people = pearson_upper(sources[place].read()), judged.kept
    agreement = human_agreement(triangle, people)
    each = [spearman_of_pairs(triangle, own) for own in people] if len(people) > 1 else []
    return AgainstPeople(
        agreement.value, agreement.num_pairs, agreement.undefined, np.array(each, dtype=np.float64)
    )


def people_against_people(
    judged: Judged,
) -> tuple[Float[np.ndarray, "participants"], Float[np.ndarray, "participants"]]:
    """Both ceilings' values of each participant."""
    return participants_agreement(judged.kept)


def resampled(
    run: Run, sources: Sequence[Source], judged: Judged, seed: int
) -> Float[np.ndarray, "resamples models"]:
    """Some of the resamples of some models; all models see the same images."""
    start, stop, places = run
    models = [pearson_upper(sources[place].read()) for place in places]
    human = mean_triangle(judged.kept)
    return resampled_agreement(models, human, len(judged.rows), start=start, stop=stop, seed=seed)
