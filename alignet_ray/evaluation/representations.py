"""Representations of all models on the same objects, each backbone run once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from alignet_ray.config.backbone import BackboneConfig, ResolvedBackbone
from alignet_ray.config.evaluate import EvaluateConfig
from alignet_ray.errors import InputError
from alignet_ray.evaluation.references import BEFORE, EvaluatedModel
from alignet_ray.records.digests import Json
from alignet_ray.records.object_images import ObjectImages
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed_objects import ObjectEmbeddings, embed_objects

_CACHE_FOLDER = "cache"


@dataclass(frozen=True, kw_only=True)
class Represented:
    """A model, what its backbone turned out to be, and its vectors of the common objects."""

    model: EvaluatedModel
    backbone: ResolvedBackbone
    vectors: Float[np.ndarray, "objects dim"]


@dataclass(frozen=True, kw_only=True)
class Representations:
    """Models on the objects that all of them embedded; models that could not be had."""

    object_ids: tuple[str, ...]
    models: tuple[Represented, ...]
    left_out: tuple[Json, ...]
    rejects: dict[str, str]


def represent_models(
    models: Sequence[EvaluatedModel], images: ObjectImages, config: EvaluateConfig
) -> Representations:
    """Embed the objects with every model; call inside `ray_session`.

    A student's initial weights that can no longer be had (a random start, a file that moved) are
    left out with the reason; any other model that cannot be had is an InputError.
    """
    embedded: dict[BackboneConfig, ObjectEmbeddings] = {}
    had: list[tuple[EvaluatedModel, ObjectEmbeddings]] = []
    left_out: list[Json] = []
    for model in models:
        try:
            had.append((model, _embed(model, images, config, embedded)))
        except InputError as error:
            if model.variant != BEFORE:
                raise
            left_out.append(
                {"label": model.label, "variant": model.variant, "reason": _reason(error)}
            )
    return _on_common_objects(had, left_out)


def _embed(
    model: EvaluatedModel,
    images: ObjectImages,
    config: EvaluateConfig,
    embedded: dict[BackboneConfig, ObjectEmbeddings],
) -> ObjectEmbeddings:
    output = Folder.at(config.output)
    if model.backbone not in embedded:
        embedded[model.backbone] = embed_objects(
            images.urls,
            model.backbone,
            plugins=config.plugins,
            cache=Folder.at(config.cache) if config.cache else output.folder(_CACHE_FOLDER),
            resources=config.resources,
        )
    objects = embedded[model.backbone]
    found, expected = objects.backbone.weights_sha256, model.expected_sha256
    if expected is not None and found != expected:
        raise InputError(
            f"weights with SHA-256 {found[:12]}",
            f"the weights {expected[:12]} that its record names",
            f"{model.label} ({model.variant}): {model.backbone.checkpoint or model.backbone.name}",
            "Put the right file there, or make the student or teacher again.",
        )
    return objects


def _reason(error: InputError) -> str:
    """Without the place: results name no machine."""
    return f"its weights cannot be had again: {error.value}"


def _on_common_objects(
    had: list[tuple[EvaluatedModel, ObjectEmbeddings]], left_out: list[Json]
) -> Representations:
    rejects = {key: reason for _, objects in had for key, reason in objects.rejects.items()}
    common = tuple(key for key in had[0][1].object_ids if key not in rejects)
    represented: list[Represented] = []
    for model, objects in had:
        row_of = {key: row for row, key in enumerate(objects.object_ids)}
        vectors = objects.vectors[[row_of[key] for key in common]]
        if model.transform is not None:
            vectors = model.transform.apply(vectors)
        represented.append(Represented(model=model, backbone=objects.backbone, vectors=vectors))
    return Representations(
        object_ids=common, models=tuple(represented), left_out=tuple(left_out), rejects=rejects
    )
