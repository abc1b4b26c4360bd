"""Evaluate models: every part whose data are given, then results.json, figures.csv and the page.

The results hold no time, host or path: the same data and weights give the same files.
"""

from types import ModuleType
from typing import Any

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.errors import ConfigError, InputError
from alignet_ray.evaluation import (
    comparison,
    downstream,
    levels,
    odd_one_out,
    similarity,
    table,
)
from alignet_ray.evaluation.hierarchy import part as hierarchy
from alignet_ray.evaluation.references import EvaluatedModel, resolve_models
from alignet_ray.evaluation.report.job import write_page
from alignet_ray.evaluation.rows import CEILINGS, DIFFERENCES, FIGURES, csv_text
from alignet_ray.evaluation.workbench import Unusable, Workbench
from alignet_ray.functional.bootstrap import LEVEL
from alignet_ray.records.digests import Json
from alignet_ray.records.evaluation import FORMAT_VERSION, RESULTS_NAME, write_results
from alignet_ray.records.given_files import refuse_missing_files
from alignet_ray.records.occupied import refuse_occupied
from alignet_ray.records.store import Folder
from alignet_ray.stages.progress import note
from alignet_ray.stages.session import ray_session

CSV_NAME = "figures.csv"

PARTS: dict[str, ModuleType] = {
    "odd_one_out": odd_one_out,
    "levels": levels,
    "similarity": similarity,
    "hierarchy": hierarchy,
    "downstream": downstream,
    "comparison": comparison,
}
"""Parts in the order of the results. Each module has `lacking(config)`, the reason why it cannot
be measured or None; `refuse_missing(config)`, before Ray starts; `read(config)`, inside the
session; and `measure(bench, what was read)`, its part of the results. HEADLINES are
the measures of the printed table; its section of the page is in `report/`.
"""


def evaluate(config: EvaluateConfig) -> Json:
    """The results, also written to the output folder and printed as a table.

    Raises InputError for data or models that cannot be used.
    """
    chosen, left_out = chosen_parts(config)
    refuse_occupied(config.output, "evaluation")
    for name in chosen:
        PARTS[name].refuse_missing(config)
    refuse_missing_files(
        (("--backbone.checkpoint", config.backbone.checkpoint, "a file of weights"),)
    )
    models = tuple(resolve_models(config))
    bench = Workbench(config=config, models=models, left_out=left_out)
    with ray_session(config.resources):
        # Everything is read before anything is embedded: bad input costs no work.
        given: dict[str, Any] = {name: PARTS[name].read(config) for name in chosen}
        measured: dict[str, Json] = {}
        for name in chosen:
            note(f"measuring {name.replace('_', ' ')}", is_shown=config.resources.progress)
            try:
                measured[name] = PARTS[name].measure(bench, given[name])
            except Unusable:
                raise
            except InputError as error:
                # What was measured is kept; a part that was asked for by name must not be missing.
                if name in config.only or len(chosen) == 1:
                    raise
                note(f"left out: {error}")
                bench.leave_out(name.replace("_", " "), f"{error.value}; {error.expectation}")
    kinds = (FIGURES, DIFFERENCES, CEILINGS)
    if not any(part.get(kind) for part in measured.values() for kind in kinds):
        why = "; ".join(f"{own['what']}: {own['reason']}" for own in bench.left_out)
        raise InputError(f"nothing could be measured ({why})", "a figure", config.output)
    results = _results(bench, measured)
    folder = Folder.at(config.output)
    write_results(folder, results)
    folder.write(CSV_NAME, csv_text(results, tuple(PARTS)).encode())
    page = write_page(folder, results, bench.shown)
    places = {"results": folder.place(RESULTS_NAME), "csv": folder.place(CSV_NAME), "page": page}
    headlines = {name: part.HEADLINES for name, part in PARTS.items()}
    table.print_results(results, headlines, places)
    return results


def chosen_parts(config: EvaluateConfig) -> tuple[list[str], list[dict[str, str]]]:
    """Parts to measure, and those left out with the reason.

    Raises ConfigError where a part was asked for that lacks data, or none can be measured.
    """
    reasons = {name: part.lacking(config) for name, part in PARTS.items()}
    for name in config.only:
        if reasons[name] is not None:
            raise ConfigError(f"{name}, but {reasons[name]}", "its data", "--only")
    asked = config.only or tuple(PARTS)
    chosen = [name for name in PARTS if name in asked and reasons[name] is None]
    if not chosen:
        listed = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise ConfigError(f"nothing to measure ({listed})", "the data of one part", "evaluate")
    left_out = [
        {"what": name.replace("_", " "), "reason": reason or "not asked for (--only)"}
        for name, reason in reasons.items()
        if name not in chosen
    ]
    return chosen, left_out


def _results(bench: Workbench, measured: dict[str, Json]) -> Json:
    return {
        "version": FORMAT_VERSION,
        "settings": _settings(bench.config),
        "models": [_described(bench, model) for model in bench.models],
        "headlines": [
            {"part": name, "measure": measure}
            for name in measured
            for measure in PARTS[name].HEADLINES
        ],
        "parts": measured,
        "left_out": bench.left_out,
    }


def _settings(config: EvaluateConfig) -> Json:
    return {
        "similarities": list(config.similarities),
        "temperatures": list(config.temperatures),
        "ties": "a model's tie counts as wrong",
        "interval": f"{LEVEL:.0%} percentile bootstrap of unique items, unless its part says other",
        "num_resamples": config.num_resamples,
        "seed": config.seed,
    }


def _described(bench: Workbench, model: EvaluatedModel) -> Json:
    backbone = bench.backbones.get((model.label, model.variant))
    return {
        "label": model.label,
        "variant": model.variant,
        "digest": model.digest,
        "temperature": model.temperature,
        "transform_sha256": model.transform.sha256 if model.transform else None,
        "backbone": backbone.identity() if backbone else None,
    }
