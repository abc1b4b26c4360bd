"""Fit a teacher: read what people said, embed the objects, fit the map, write the bundle.

The bundle's provenance holds the settings that made it: the same settings again do nothing, and
others in the same folder are refused.
"""

from collections.abc import Sequence
from dataclasses import asdict

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.errors import InputError
from alignet_ray.functional.agreement import count_choices
from alignet_ray.functional.transform_fit import FitSettings
from alignet_ray.records.digests import Json, digest, refuse_other_settings, sha256
from alignet_ray.records.human import HumanChoices
from alignet_ray.records.human_embedding import HumanEmbedding
from alignet_ray.records.lock import locked
from alignet_ray.records.store import Folder, read_url
from alignet_ray.records.teacher_bundle import (
    BUNDLE_NAME,
    TeacherBundle,
    is_bundle,
    read_bundle,
    write_bundle,
)
from alignet_ray.stages.embed import describe_backbone
from alignet_ray.stages.embed_objects import ObjectEmbeddings
from alignet_ray.stages.session import largest_node_cpus, ray_session
from alignet_ray.stages.tasks import run_task
from alignet_ray.teaching import summary
from alignet_ray.teaching.fitting import FitRequest, HumanCounts, fit_and_measure
from alignet_ray.teaching.human_data import HumanData, fit_data, read_human_data
from alignet_ray.teaching.objects import (
    TaughtObjects,
    embeddings_of,
    find_objects,
    objects_identity,
)
from alignet_ray.teaching.row_order import refuse_order_unlike_images

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
    human = read_human_data(config)
    found = find_objects(config, human.names)
    folder = Folder.at(config.output)
    with locked(folder), ray_session(config.resources):
        backbone = describe_backbone(config.backbone, config.plugins)
        settings = _settings(config, found, backbone)
        if is_bundle(folder):
            return _found(folder, settings)
        bundle = _make(config, human, found, backbone, settings)
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
        "fit": asdict(config.fit),
        "num_resamples": config.num_resamples,
        "seed": config.seed,
    }


def _found(folder: Folder, settings: Json) -> TeacherBundle:
    bundle = read_bundle(folder)
    remedy = "Ask for the same settings, or give another --output."
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
) -> TeacherBundle:
    objects = embeddings_of(found, config, backbone)
    counts = _count_objects(found, objects, config)
    if isinstance(human.source, HumanEmbedding):
        refuse_order_unlike_images(human.source, human.source.names, objects, config)
    responses, dropped = _human_counts(config, human.responses, objects.object_ids)
    threads = min(config.fit_cpus, largest_node_cpus())
    request = FitRequest(
        vectors=objects.vectors,
        data=fit_data(human.source, objects.object_ids, config),
        human=responses,
        settings=_fit_settings(config),
        threads=threads,
    )
    summary.announce_fit(request, config)
    transform, metrics = run_task(fit_and_measure, request, num_cpus=float(threads))
    metrics["counts"] |= {**counts, "dropped_responses": dropped}
    return TeacherBundle(
        backbone=objects.backbone,
        transform=transform,
        metrics=metrics,
        provenance={"settings": settings, "settings_digest": digest(settings)},
    )


def _count_objects(
    found: TaughtObjects, objects: ObjectEmbeddings, config: FitTeacherConfig
) -> Json:
    if len(objects.object_ids) < 2 * 3:
        raise InputError(
            f"{len(objects.object_ids)} objects with a usable image or embedding",
            "3 to fit and 3 to hold out",
            config.embeddings or config.images or "",
        )
    return {
        "objects": len(found.names),
        "embedded_objects": len(objects.object_ids),
        "missing_images": list(found.missing),
        "rejected_images": dict(objects.rejects),
    }


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


def _fit_settings(config: FitTeacherConfig) -> FitSettings:
    fit = config.fit
    return FitSettings(
        regularisation=fit.regularisation,
        learning_rate=fit.learning_rate,
        batch_size=fit.batch_size,
        max_epochs=fit.max_epochs,
        patience=fit.patience,
        initial_scale=fit.initial_scale,
        gradient_clip=fit.gradient_clip,
        optimizer=fit.optimizer,
        seed=config.seed,
    )
