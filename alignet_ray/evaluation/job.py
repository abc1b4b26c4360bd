"""Evaluate models: embed the objects of human data, measure agreement, write results.json.

All figures come from the same objects and triplets, so that models can be compared. The results
hold no time, host or path: the same data and weights give the same file.
"""

import json

from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.errors import InputError
from alignet_ray.evaluation import table
from alignet_ray.evaluation.figures import Counts, accuracies, ceilings
from alignet_ray.evaluation.references import resolve_models
from alignet_ray.evaluation.representations import Representations, Represented, represent_models
from alignet_ray.functional.agreement import count_choices
from alignet_ray.functional.bootstrap import LEVEL
from alignet_ray.records.choices import read_choices
from alignet_ray.records.digests import Json, sha256
from alignet_ray.records.given_files import refuse_missing_files, refuse_missing_folder
from alignet_ray.records.human import HumanChoices, read_names
from alignet_ray.records.object_images import ObjectImages, find_object_images
from alignet_ray.records.store import Folder, read_url
from alignet_ray.stages.session import ray_session

RESULTS_NAME = "results.json"
FORMAT_VERSION = 1


def evaluate(config: EvaluateConfig) -> Json:
    """The results, also written to results.json in the output folder and printed as a table.

    Raises InputError for data or models that cannot be used.
    """
    _refuse_missing_inputs(config)
    names = read_names(config.names)
    responses = read_choices(config.responses, names, config.responses_layout)
    images = find_object_images(config.images, names)
    models = resolve_models(config)
    with ray_session(config.resources):
        represented = represent_models(models, images, config)
    results = _results(config, responses, images, represented)
    folder = Folder.at(config.output)
    text = json.dumps(results, indent=2, sort_keys=True, allow_nan=False)
    folder.write(RESULTS_NAME, text.encode() + b"\n")
    table.print_results(results, folder.place(RESULTS_NAME))
    return results


def _refuse_missing_inputs(config: EvaluateConfig) -> None:
    """Raise InputError for what is named and not there; `resolve_models` looks up the models."""
    refuse_missing_files(
        (
            ("--names", config.names, "object ids, one a line"),
            ("--responses", config.responses, "a file of choices"),
            ("--backbone.checkpoint", config.backbone.checkpoint, "a file of weights"),
        )
    )
    refuse_missing_folder(config.images, "a folder of object images", "Check --images.")


def _results(
    config: EvaluateConfig,
    responses: HumanChoices,
    images: ObjectImages,
    represented: Representations,
) -> Json:
    rows, kept = responses.rows_among(represented.object_ids)
    if not len(rows):
        raise InputError(
            "no response shows only objects with an image", "some that do", config.responses,
            "Check that names and responses belong together.",
        )  # fmt: skip
    triplets, counts = count_choices(rows, responses.odd_position[kept])
    resampling = {"num_resamples": config.num_resamples, "seed": config.seed}
    measured = [
        accuracies(represented.models, triplets, counts, similarity, **resampling)
        for similarity in config.similarities
    ]
    return {
        "version": FORMAT_VERSION,
        "data": _data(config, images, represented)
        | _counted(counts, len(responses.triplets), len(rows)),
        "settings": _settings(config, represented),
        "ceilings": ceilings(counts, **resampling),
        "models": [_described(model) for model in represented.models],
        "accuracies": [row for own, _ in measured for row in own],
        "differences": [row for _, differences in measured for row in differences],
        "left_out": list(represented.left_out),
    }


def _data(config: EvaluateConfig, images: ObjectImages, represented: Representations) -> Json:
    return {
        "name": config.data_name,
        "names_sha256": sha256(read_url(config.names)),
        "responses_sha256": sha256(read_url(config.responses)),
        "num_objects": len(images.urls) + len(images.missing),
        "num_embedded_objects": len(represented.object_ids),
        "missing_images": list(images.missing),
        "rejected_images": dict(represented.rejects),
    }


def _counted(counts: Counts, num_responses: int, num_used: int) -> Json:
    return {
        "num_responses": num_used,
        "num_dropped_responses": num_responses - num_used,
        "num_triplets": len(counts),
        "responses_per_triplet": [int(f(counts.sum(axis=1))) for f in (min, max)],
    }


def _settings(config: EvaluateConfig, represented: Representations) -> Json:
    return {
        "similarities": list(config.similarities),
        "centre": f"mean of the {len(represented.object_ids):,} embedded objects",
        "ties": "wrong",
        "interval": f"{LEVEL:.0%} percentile bootstrap of unique triplets, weighted by responses",
        "num_resamples": config.num_resamples,
        "seed": config.seed,
    }


def _described(represented: Represented) -> Json:
    model = represented.model
    return {
        "label": model.label,
        "variant": model.variant,
        "digest": model.digest,
        "transform_sha256": model.transform.sha256 if model.transform else None,
        "backbone": represented.backbone.identity(),
    }
