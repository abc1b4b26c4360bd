"""Evaluate models: every part whose data are given, then results.json, figures.csv and the page.

The results hold no time, host or path: the same data and weights give the same files.
"""

from collections.abc import Mapping, Sequence
from textwrap import shorten
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
from alignet_ray.evaluation.given_data import (
    is_read_alone,
    read_parts,
    refuse_broken_tables,
    sets_of,
)
from alignet_ray.evaluation.hierarchy import part as hierarchy
from alignet_ray.evaluation.known_models import (
    describe_models,
    refuse_broken_embeddings,
    refuse_unknown_models,
)
from alignet_ray.evaluation.references import EvaluatedModel, resolve_models
from alignet_ray.evaluation.report.job import write_page
from alignet_ray.evaluation.rows import CEILINGS, DIFFERENCES, FIGURES, csv_text, rows_of
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
_OTHER_PARTS = (
    "Other parts take flags that begin with --levels, --similarity, --hierarchy or --downstream: "
    "see --help."
)
_REASONS_SHOWN, _LONGEST_REASON = 2, 80

PARTS: dict[str, ModuleType] = {
    "odd_one_out": odd_one_out,
    "levels": levels,
    "similarity": similarity,
    "hierarchy": hierarchy,
    "downstream": downstream,
    "comparison": comparison,
}
"""Parts in the order of the results. Each module has `lacking(config)`, the reason why it cannot
be measured or None; `refuse_missing(config)`, before Ray starts; `read(config)`, before it too
where `is_read_alone`, else inside the session; and `measure(bench, what was read)`, its part of
the results. HEADLINES are the measures of the printed table; its section of the page is in
`report/`.
"""


def evaluate(config: EvaluateConfig) -> Json:
    """The results, also written to the output folder and printed as a table.

    Raises InputError for data or models that cannot be used.
    """
    chosen, left_out = chosen_parts(config)
    refuse_occupied(config.output, "evaluation")
    refuse_missing(config, chosen)
    models = tuple(resolve_models(config))
    refuse_unknown_models(models, config)
    bench = Workbench(config=config, models=models, left_out=left_out)
    alone = {name: PARTS[name] for name in chosen if is_read_alone(name, config)}
    waiting = {name: PARTS[name] for name in chosen if name not in alone}
    given = _read(bench, alone)
    refuse_broken_tables(config, waiting)
    with ray_session(config.resources):
        # Everything is read before anything is embedded: bad input costs no work.
        given |= _read(bench, waiting)
        describe_models(bench)
        measured = _measured(bench, {name: given[name] for name in chosen})
    results = _results(bench, measured)
    folder = Folder.at(config.output)
    write_results(folder, results)
    folder.write(CSV_NAME, csv_text(results, tuple(PARTS)).encode())
    page = write_page(folder, results, bench.shown)
    places = {"results": folder.place(RESULTS_NAME), "csv": folder.place(CSV_NAME), "page": page}
    headlines = {name: part.HEADLINES for name, part in PARTS.items()}
    table.print_results(results, headlines, places)
    return results


def headline_figures(results: Json) -> list[Json]:
    """The rows of the chief measures, each with its part."""
    return [
        {"part": headline["part"], **own}
        for headline in results["headlines"]
        for own in rows_of(results, headline["part"], FIGURES)
        if own["measure"] == headline["measure"]
    ]


def refuse_missing(config: EvaluateConfig, chosen: Sequence[str]) -> None:
    """Raise InputError for what is named and not there."""
    for name in chosen:
        PARTS[name].refuse_missing(config)
    refuse_missing_files(
        (("--backbone.checkpoint", config.backbone.checkpoint, "a file of weights"),)
    )


def _measured(bench: Workbench, given: Mapping[str, Any]) -> dict[str, Json]:
    """The results of every part; one that cannot be measured is left out, or raises InputError."""
    config = bench.config
    measured: dict[str, Json] = {}
    for name, read in given.items():
        note(f"measuring {name.replace('_', ' ')}", is_shown=config.resources.progress)
        try:
            measured[name] = PARTS[name].measure(bench, read)
        except Unusable:
            raise
        except InputError as error:
            # What was measured is kept; a part that was asked for by name must not be missing.
            if name in config.only or len(given) == 1:
                raise
            note(f"left out: {error}")
            bench.leave_out(name.replace("_", " "), f"{error.value}; {error.expectation}")
    kinds = (FIGURES, DIFFERENCES, CEILINGS)
    if not any(part.get(kind) for part in measured.values() for kind in kinds):
        raise _nothing_measured(bench)
    return measured


def _read(bench: Workbench, parts: Mapping[str, ModuleType]) -> dict[str, Any]:
    """What these parts were given, and whether ready embeddings of their images can be used."""
    read = read_parts(bench.config, parts)
    sets = [images for name, own in read.items() for images in sets_of(name, own)]
    refuse_broken_embeddings(bench.models, sets)
    return read


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
        raise ConfigError(
            "nothing to measure", "the data of one part: --images, --names and --responses, say",
            "evaluate", _OTHER_PARTS,
        )  # fmt: skip
    left_out = [
        {"what": name.replace("_", " "), "reason": reason}
        for name, reason in reasons.items()
        if reason is not None and name in asked
    ]
    return chosen, left_out


def _nothing_measured(bench: Workbench) -> InputError:
    """One line, whatever was left out: the first reasons stand for all."""
    told = [f"{own['what']}: {own['reason']}" for own in bench.left_out]
    shown = "; ".join(shorten(own, _LONGEST_REASON) for own in told[:_REASONS_SHOWN])
    more = f"; and {len(told) - _REASONS_SHOWN} more" if len(told) > _REASONS_SHOWN else ""
    return InputError(
        f"nothing could be measured ({shown}{more})", "a figure", bench.config.output,
        "Check --models and the images.",
    )  # fmt: skip


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
