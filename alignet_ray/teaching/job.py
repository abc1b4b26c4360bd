"""Fit a teacher: read what people said, embed the objects, fit the map, write the bundle.

The bundle's provenance holds the settings that made it: the same settings again do nothing, and
others in the same folder are refused.
"""

from collections.abc import Sequence
from dataclasses import asdict

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.config.transform_fit import candidates
from alignet_ray.errors import InputError
from alignet_ray.functional.agreement import count_choices
from alignet_ray.functional.object_folds import fold_of_objects
from alignet_ray.records.cells import SELECTION_FOLDER
from alignet_ray.records.digests import Json, digest, refuse_other_settings, sha256
from alignet_ray.records.human import HumanResponses
from alignet_ray.records.lock import locked
from alignet_ray.records.object_images import ObjectImages, find_object_images
from alignet_ray.records.run import image_root, read_settings
from alignet_ray.records.store import Folder, read_url
from alignet_ray.records.teacher_bundle import (
    BUNDLE_NAME,
    TeacherBundle,
    is_bundle,
    read_bundle,
    write_bundle,
)
from alignet_ray.stages.embed import describe_backbone
from alignet_ray.stages.embed_objects import ObjectEmbeddings, embed_objects
from alignet_ray.stages.session import largest_node_cpus, ray_session
from alignet_ray.teaching import summary
from alignet_ray.teaching.affine_task import Material
from alignet_ray.teaching.fitting import fit_transform
from alignet_ray.teaching.human_accuracy import HumanCounts
from alignet_ray.teaching.human_data import HumanData, read_human_data
from alignet_ray.teaching.judgements import judgements_of
from alignet_ray.teaching.local_images import read_local_images
from alignet_ray.teaching.selection import TaskPlace

_CACHE_FOLDER = "cache"


def fit_teacher(config: FitTeacherConfig) -> TeacherBundle:
    """The teacher bundle in the output folder, made there if it is not there yet.

    Raises InputError for data that cannot be used, MismatchError for a bundle of other settings.
    """
    human = read_human_data(config)
    images = find_object_images(config.images, human.names)
    folder = Folder.at(config.output)
    with locked(folder), ray_session(config.resources):
        backbone = describe_backbone(config.backbone, config.plugins)
        settings = _settings(config, images, backbone)
        if is_bundle(folder):
            return _found(folder, settings)
        bundle = _make(config, human, images, settings)
        write_bundle(folder, bundle)
    summary.print_fitted(folder, bundle)
    return bundle


def _settings(config: FitTeacherConfig, images: ObjectImages, backbone: ResolvedBackbone) -> Json:
    """What the bundle depends on: content, never places or machines."""
    files = {
        name: sha256(read_url(url))
        for name in ("names", "probabilities", "human_embedding", "responses")
        if (url := getattr(config, name)) is not None
    }
    return {
        "backbone": backbone.identity(),
        "human_sha256": files,
        "images": digest(images.sizes),
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
        "finished of a search is kept."
    )
    made_with = bundle.provenance.get("settings", {})
    refuse_other_settings(made_with, settings, folder.place(BUNDLE_NAME), remedy)
    summary.print_nothing_to_do(folder, bundle)
    return bundle


def _make(
    config: FitTeacherConfig, human: HumanData, images: ObjectImages, settings: Json
) -> TeacherBundle:
    output = Folder.at(config.output)
    objects = embed_objects(
        images.urls,
        config.backbone,
        plugins=config.plugins,
        cache=Folder.at(config.cache) if config.cache else output.folder(_CACHE_FOLDER),
        resources=config.resources,
    )
    counts = _count_objects(images, objects, config.fit.num_folds)
    responses, dropped = _human_counts(config, human.responses, objects.object_ids)
    material = _material(config, human, objects)
    place = TaskPlace(
        folder=output.folder(SELECTION_FOLDER),
        num_cpus=float(min(config.fit_cpus, largest_node_cpus())),
        is_shown=config.resources.progress,
    )
    tried = candidates(
        config.fit, config.grid, search=config.search, has_local=config.local_run is not None
    )
    summary.announce_fit(material, tried, config)
    transform, metrics = fit_transform(tried, material, responses, place)
    metrics["counts"] = {**counts, **material.judgements.counts, "dropped_responses": dropped}
    return TeacherBundle(
        backbone=objects.backbone,
        transform=transform,
        metrics=metrics,
        provenance={"settings": settings, "settings_digest": digest(settings)},
    )


def _material(config: FitTeacherConfig, human: HumanData, objects: ObjectEmbeddings) -> Material:
    """Everything that fits are made of; no response is in it."""
    num_objects, num_folds = len(objects.object_ids), config.fit.num_folds
    local = None
    if config.local_run is not None:
        local = read_local_images(
            config.local_run, objects.backbone,
            count=config.fit.num_local_images, seed=config.seed,
        )  # fmt: skip
    return Material(
        vectors=objects.vectors,
        judgements=judgements_of(
            human.source, objects.object_ids, seed=config.seed,
            place=config.probabilities or config.human_embedding or "",
        ),
        folds=fold_of_objects(num_objects, num_folds, config.seed),
        local=local,
        fit=config.fit,
        seed=config.seed,
        threads=config.fit_cpus,
    )  # fmt: skip


def _count_objects(images: ObjectImages, objects: ObjectEmbeddings, num_folds: int) -> Json:
    if len(objects.object_ids) < num_folds * 3:
        raise InputError(
            f"{len(objects.object_ids)} objects with a usable image",
            f"3 for each of the {num_folds} folds",
            "--images",
        )
    return {
        "objects": len(images.urls) + len(images.missing),
        "embedded_objects": len(objects.object_ids),
        "missing_images": list(images.missing),
        "rejected_images": dict(objects.rejects),
    }


def _human_counts(
    config: FitTeacherConfig, responses: HumanResponses | None, object_ids: Sequence[str]
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
