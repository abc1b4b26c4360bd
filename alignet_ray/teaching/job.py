"""Fit a teacher: read what people said, embed the objects, fit the map, write report and bundle.

The bundle's provenance holds the settings that made it: the same settings again do nothing, and
others in the same folder are refused. The bundle is written last: it says that all is there.
"""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from jaxtyping import Float32

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.config.transform_fit import candidates
from alignet_ray.errors import InputError
from alignet_ray.functional.agreement import count_choices
from alignet_ray.functional.object_folds import fold_of_objects
from alignet_ray.records.cells import SELECTION_FOLDER
from alignet_ray.records.digests import Json, digest, refuse_other_settings, sha256
from alignet_ray.records.human import HumanChoices
from alignet_ray.records.human_embedding import HumanEmbedding
from alignet_ray.records.json_lines import JsonLines, json_lines, timed_name
from alignet_ray.records.lock import locked
from alignet_ray.records.occupied import refuse_occupied
from alignet_ray.records.run import image_root, read_settings
from alignet_ray.records.store import Folder, read_url
from alignet_ray.records.teacher_bundle import (
    BUNDLE_NAME,
    TeacherBundle,
    Transform,
    is_bundle,
    read_bundle,
    write_bundle,
)
from alignet_ray.stages.embed import describe_backbone
from alignet_ray.stages.embed_objects import ObjectEmbeddings
from alignet_ray.stages.session import largest_node_cpus, ray_session
from alignet_ray.teaching import summary
from alignet_ray.teaching.affine_task import Material
from alignet_ray.teaching.calibrating import measure_calibration
from alignet_ray.teaching.fitting import fit_transform
from alignet_ray.teaching.given_inputs import refuse_missing_inputs
from alignet_ray.teaching.human_accuracy import HumanCounts
from alignet_ray.teaching.human_data import HumanData, HumanSource, read_human_data
from alignet_ray.teaching.human_space import human_space
from alignet_ray.teaching.judgements import judgements_of
from alignet_ray.teaching.local_images import read_local_images
from alignet_ray.teaching.objects import (
    TaughtObjects,
    embeddings_of,
    find_objects,
    objects_identity,
)
from alignet_ray.teaching.report.facts import Curve, HumanSpace, TeacherReport
from alignet_ray.teaching.report.job import write_report
from alignet_ray.teaching.selection import TaskPlace

LOG_JOB = "fit_teacher"

_HUMAN_FILES = (
    "names",
    "choices",
    "probabilities",
    "human_embedding",
    "human_scale",
    "human_embedding_names",
    "responses",
)


def fit_teacher(config: FitTeacherConfig) -> TeacherBundle:
    """The teacher bundle in the output folder, made there if it is not there yet.

    Raises InputError for data that cannot be used, MismatchError for a bundle of other settings.
    """
    refuse_missing_inputs(config)
    refuse_occupied(config.output, "teacher bundle", [config.local_run] if config.local_run else [])
    human = read_human_data(config)
    found = find_objects(config, human.names)
    summary.announce_inputs(human, found, is_shown=config.resources.progress)
    folder = Folder.at(config.output)
    with locked(folder), ray_session(config.resources):
        backbone = describe_backbone(config.backbone, config.plugins)
        settings = _settings(config, found, backbone)
        if is_bundle(folder):
            return _found(folder, settings)
        with json_lines(folder, timed_name(LOG_JOB)) as log:
            bundle = _make(config, human, found, backbone, settings, log)
        write_bundle(folder, bundle)
    summary.print_fitted(folder, bundle)
    return bundle


def _settings(config: FitTeacherConfig, found: TaughtObjects, backbone: ResolvedBackbone) -> Json:
    """What the bundle depends on: content, never places or machines."""
    files = {
        name: sha256(read_url(url))
        for name in _HUMAN_FILES
        if (url := getattr(config, name)) is not None
    }
    return {
        "backbone": backbone.identity(),
        "human_sha256": files,
        **objects_identity(config, found),
        "vice": config.vice_settings,
        "fit": asdict(config.fit),
        "search": _plain(asdict(config.grid)) if config.search else None,
        "local": _local_identity(config.local_run),
        "num_resamples": config.num_resamples,
        "seed": config.seed,
    }


def _plain(values: Json) -> Json:
    """As JSON gives it back."""
    return {name: list(own) for name, own in values.items()}


def _local_identity(url: str | None) -> str | None:
    """What the other images are: an array's bytes, or the settings of the run's image table."""
    if url is None:
        return None
    if url.lower().endswith(".npy"):
        return sha256(read_url(url))
    settings = read_settings(image_root(Folder.at(url)))
    return settings.images_digest if settings else ""


def _found(folder: Folder, settings: Json) -> TeacherBundle:
    bundle = read_bundle(folder)
    remedy = (
        "Ask for the same settings or give another --output; or delete it to fit again: what is "
        "finished of a search is kept, and VICE where its own settings are the same."
    )
    made_with = bundle.provenance.get("settings", {})
    refuse_other_settings(made_with, settings, folder.place(BUNDLE_NAME), remedy)
    summary.print_nothing_to_do(folder, bundle)
    return bundle


def _make(
    config: FitTeacherConfig,
    human: HumanData,
    found: TaughtObjects,
    backbone: ResolvedBackbone,
    settings: Json,
    log: JsonLines,
) -> TeacherBundle:
    objects = embeddings_of(found, config, backbone)
    counts = _count_objects(found, objects, config)
    responses, dropped = _human_counts(config, human.responses, objects.object_ids)
    local = _local_images(config, objects)  # before the long fit: what is wrong is said at once
    source, vice_metrics = human_space(config, human, objects, log)
    material = _material(config, source, objects, local)
    transform, metrics = _fit(config, material, responses, log)
    metrics["counts"] = {
        **counts,
        **material.judgements.counts,
        **_count_choices(human, objects),
        "dropped_responses": dropped,
    }
    if vice_metrics is not None:
        metrics["vice"] = vice_metrics
    if responses is not None:
        metrics["unseen_responses"]["calibration"] = measure_calibration(
            config, material, transform, responses, source, objects.object_ids
        )
    bundle = TeacherBundle(
        backbone=objects.backbone,
        transform=transform,
        metrics=metrics,
        provenance={"settings": settings, "settings_digest": digest(settings)},
    )
    _report(config, bundle, source, found, objects)
    return bundle


def _fit(
    config: FitTeacherConfig, material: Material, responses: HumanCounts | None, log: JsonLines
) -> tuple[Transform, Json]:
    """Search, choose, measure, and fit on all objects."""
    place = TaskPlace(
        folder=Folder.at(config.output).folder(SELECTION_FOLDER),
        num_cpus=float(min(config.fit_cpus, largest_node_cpus())),
        is_shown=config.resources.progress,
        log=log,
    )
    has_local = config.local_run is not None
    tried = candidates(config.fit, config.grid, search=config.search, has_local=has_local)
    summary.announce_fit(material, tried, config)
    return fit_transform(tried, material, responses, place)


def _local_images(
    config: FitTeacherConfig, objects: ObjectEmbeddings
) -> Float32[np.ndarray, "images dim"] | None:
    """Other images' raw representations, where the local loss is asked for."""
    if config.local_run is None:
        return None
    return read_local_images(
        config.local_run, objects.backbone, count=config.fit.num_local_images, seed=config.seed
    )


def _material(
    config: FitTeacherConfig,
    source: HumanSource,
    objects: ObjectEmbeddings,
    local: Float32[np.ndarray, "images dim"] | None,
) -> Material:
    """Everything that fits are made of; no response is in it, but the objects of responses are
    among those that are standardised and folded.
    """
    num_objects, num_folds = len(objects.object_ids), config.fit.num_folds
    return Material(
        vectors=objects.vectors,
        judgements=judgements_of(
            source, objects.object_ids, seed=config.seed, place=config.judgements,
            num_samples=config.vice.num_samples,
        ),
        folds=fold_of_objects(num_objects, num_folds, config.seed),
        local=local,
        fit=config.fit,
        seed=config.seed,
        threads=config.fit_cpus,
    )  # fmt: skip


def _report(
    config: FitTeacherConfig,
    bundle: TeacherBundle,
    source: HumanSource,
    found: TaughtObjects,
    objects: ObjectEmbeddings,
) -> None:
    """The page, before the bundle: where there is a bundle, all else is there too."""
    space = None
    if isinstance(source, HumanEmbedding):
        space = HumanSpace(object_ids=source.names, mean=source.vectors)
    report = TeacherReport(
        metrics=bundle.metrics,
        backbone=bundle.backbone.identity(),
        object_ids=objects.object_ids,
        before=objects.vectors,
        after=bundle.transform.apply(objects.vectors),
        image_urls=found.images.urls if found.images else {},
        human=space,
        curves=curves_of(bundle.metrics["selection"]),
        settings=bundle.provenance["settings"],
        seed=config.seed,
    )
    write_report(Folder.at(config.output), report)


def curves_of(selection: Json) -> tuple[Curve, ...]:
    """The winner on each fold; one that stopped before the chosen epoch counts with its last."""
    return tuple(
        Curve(
            name=f"fold {curve['fold'] + 1}",
            cross_entropies=tuple(curve["cross_entropy"]),
            chosen_epoch=min(selection["num_epochs"], len(curve["cross_entropy"])) or None,
        )
        for curve in selection["winner_curves"]
    )


def _count_objects(
    found: TaughtObjects, objects: ObjectEmbeddings, config: FitTeacherConfig
) -> Json:
    num_folds = config.fit.num_folds
    if len(objects.object_ids) < num_folds * 3:
        raise InputError(
            f"{len(objects.object_ids)} objects with a usable image or embedding",
            f"3 for each of the {num_folds} folds",
            config.embeddings or config.images or "",
        )
    return {
        "objects": len(found.names),
        "embedded_objects": len(objects.object_ids),
        "missing_images": list(found.missing),
        "rejected_images": dict(objects.rejects),
    }


def _count_choices(human: HumanData, objects: ObjectEmbeddings) -> Json:
    """Choices; how many show an object that cannot be embedded: the map learns without; and how
    many judgements were left out because responses show the same triplet.
    """
    counts: Json = {"left_out_for_responses": human.num_left_out}
    if isinstance(human.source, HumanChoices):
        kept = human.source.is_among(objects.object_ids)
        counts |= {"choices": len(kept), "choices_without_image": int((~kept).sum())}
    return counts


def _human_counts(
    config: FitTeacherConfig, responses: HumanChoices | None, object_ids: Sequence[str]
) -> tuple[HumanCounts | None, int]:
    """Responses per unique triplet of embedded objects, and how many show another object."""
    if responses is None:
        return None, 0
    rows, kept = responses.rows_among(object_ids)
    if not len(rows):
        raise InputError("no response shows only embedded objects", "some", config.responses or "")
    triplets, counts = count_choices(rows, responses.odd_position[kept])
    human = HumanCounts(
        triplets=triplets, counts=counts, num_resamples=config.num_resamples, seed=config.seed
    )
    return human, int((~kept).sum())
