"""Levels: agreement with people at three levels of abstraction, doubt, and catch trials.

Either half works alone: people's trials with their stimuli, and catch trials with their images.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.config.levels import LevelsConfig
from alignet_ray.evaluation.levels_catch import (
    CATCH_ACCURACY,
    CATCH_NAME,
    CatchTrials,
    catch_rows,
    described_catch,
    read_catch,
    shown_catch,
)
from alignet_ray.evaluation.levels_figures import (
    ACCURACY,
    AGAINST_TIME,
    Chosen,
    Rows,
    figures,
    joined,
)
from alignet_ray.evaluation.levels_left_out import say_images, say_people
from alignet_ray.evaluation.levels_people import (
    IMAGES_NAME,
    PeopleOnLevels,
    described,
    on_represented,
    read_people,
)
from alignet_ray.evaluation.levels_pictures import failed_catch, level_examples
from alignet_ray.evaluation.parts import lacking_flags
from alignet_ray.evaluation.representations import Representations
from alignet_ray.evaluation.scores import score_models
from alignet_ray.evaluation.workbench import Workbench
from alignet_ray.functional.triplet_scores import TripletScores
from alignet_ray.records.digests import Json
from alignet_ray.records.given_files import refuse_missing_files, refuse_missing_folder
from alignet_ray.records.levels import TRIAL_SUFFIXES

PART = "levels"
HEADLINES = (ACCURACY, AGAINST_TIME, CATCH_ACCURACY)


class LevelsData(NamedTuple):
    """What the user gave: people's trials, catch trials, or both."""

    people: PeopleOnLevels | None
    catch: CatchTrials | None


def lacking(config: EvaluateConfig) -> str | None:
    """What has to be given for this part and is not; None where a half of it can be measured."""
    people, catch = _lacking_people(config.levels), _lacking_catch(config.levels)
    if people is None or catch is None:
        return None
    return catch if config.levels.catch_trials else people


def refuse_missing(config: EvaluateConfig) -> None:
    """Raise InputError for what is named and not there."""
    own = config.levels
    tables = (
        ("--levels.design", own.design, "a table of triplets and their levels"),
        ("--levels.catch-trials", own.catch_trials, "a table of catch trials"),
    )
    refuse_missing_files(tables)
    if own.trials is not None and own.trials.lower().endswith(TRIAL_SUFFIXES):
        refuse_missing_files((("--levels.trials", own.trials, "trials as JSON lines"),))
    elif own.trials is not None:
        refuse_missing_folder(own.trials, "a folder of trials", "Check --levels.trials.")
    for flag, url in (("--levels.images", own.images), ("--levels.catch-images", own.catch_images)):
        if url is not None:
            refuse_missing_folder(url, "a folder of stimuli", f"Check {flag}.")


def read(config: EvaluateConfig) -> LevelsData:
    """The trials and the images. Raises InputError where they cannot be used."""
    own = config.levels
    return LevelsData(
        people=read_people(own) if _lacking_people(own) is None else None,
        catch=read_catch(own) if _lacking_catch(own) is None else None,
    )


def measure(bench: Workbench, read_in: LevelsData) -> Json:
    """Figures, differences and ceilings, and what they were measured on."""
    own = bench.config.levels
    data: Json = {"name": IMAGES_NAME}
    rows: list[Rows] = []
    shown: Json = {}
    if read_in.people is not None:
        data["people"], found, shown["examples"] = _measure_people(bench, read_in.people)
        rows.append(found)
    else:
        bench.leave_out("Levels: people's choices", _lacking_people(own) or "")
    if read_in.catch is not None:
        data["catch"], found, shown["failed"] = _measure_catch(bench, read_in.catch)
        rows.append(found)
    else:
        bench.leave_out("Levels: catch trials", _lacking_catch(own) or "")
    bench.shown[PART] = shown
    return {"data": data, **joined(rows)}


def _lacking_people(own: LevelsConfig) -> str | None:
    return lacking_flags({"--levels.trials": own.trials, "--levels.images": own.images})


def _lacking_catch(own: LevelsConfig) -> str | None:
    return lacking_flags(
        {
            "--levels.catch-trials": own.catch_trials,
            "--levels.catch-images": own.catch_images or own.images,
        }
    )


def _measure_people(bench: Workbench, people: PeopleOnLevels) -> tuple[Json, Rows, Json]:
    config = bench.config
    represented = bench.represent(people.images)
    judged = on_represented(people, represented)
    scores = _scores(config, represented, judged.triplets, config.temperatures)
    chosen = Chosen(
        models=represented.models,
        scores=scores,
        judged=judged,
        temperatures=config.temperatures,
        num_resamples=config.num_resamples,
        seed=config.seed,
    )
    found = figures(chosen, shows_progress=config.resources.progress)
    say_people(bench, people, judged, represented)
    examples = level_examples(judged, people.images, represented.keys)
    return described(people, judged, represented), found, examples


def _measure_catch(bench: Workbench, catch: CatchTrials) -> tuple[Json, Rows, list[Json]]:
    config = bench.config
    represented = bench.represent(catch.images)
    shown = shown_catch(catch, represented)
    scores = _scores(config, represented, shown.triplets, ())
    found = catch_rows(
        represented.models, scores, shown, num_resamples=config.num_resamples, seed=config.seed
    )
    say_images(bench, CATCH_NAME, catch.missing, represented)
    failed = failed_catch(
        represented.models, scores, shown, catch.images, represented.keys, config.num_shown
    )
    return described_catch(catch, shown, represented), found, failed


def _scores(
    config: EvaluateConfig,
    represented: Representations,
    triplets: Int[np.ndarray, "triplets 3"],
    temperatures: Sequence[float],
) -> dict[str, list[TripletScores]]:
    """What the models say of triplets, by similarity."""
    return {
        similarity: score_models(
            represented.models,
            triplets,
            similarity=similarity,
            temperatures=temperatures,
            shows_progress=config.resources.progress,
        )
        for similarity in config.similarities
    }
