"""The objects of a fit: images to embed, or embeddings that are ready; the same shape from both."""

from dataclasses import dataclass

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.config.fit_teacher import FitTeacherConfig
from alignet_ray.errors import InputError
from alignet_ray.records.digests import Json, digest, sha256
from alignet_ray.records.object_images import ObjectImages, find_object_images
from alignet_ray.records.object_vectors import ObjectVectors, read_object_vectors
from alignet_ray.records.store import Folder, read_url
from alignet_ray.stages.embed_objects import ObjectEmbeddings, embed_objects

CACHE_FOLDER = "cache"


@dataclass(frozen=True, kw_only=True)
class TaughtObjects:
    """The named objects with their images, their ready vectors, or both: the vectors then count."""

    names: tuple[str, ...]
    images: ObjectImages | None
    ready: ObjectVectors | None

    @property
    def missing(self) -> tuple[str, ...]:
        """Objects that cannot be embedded: without a ready vector, or else without an image."""
        if self.ready is not None:
            return self.ready.missing
        assert self.images is not None, "the settings ask for one of the two"
        return self.images.missing


def find_objects(config: FitTeacherConfig, names: tuple[str, ...]) -> TaughtObjects:
    """Find the images and read the ready embeddings. Raises InputError where none is of a name."""
    ready = None
    if config.embeddings is not None:
        ready = read_object_vectors(config.embeddings, names, config.embeddings_names)
    images = find_object_images(config.images, names) if config.images is not None else None
    return TaughtObjects(names=names, images=images, ready=ready)


def objects_identity(config: FitTeacherConfig, objects: TaughtObjects) -> Json:
    """What a bundle's settings say of its objects: content, never places."""
    if config.embeddings is None:
        assert objects.images is not None, "the settings ask for one of the two"
        return {"images": digest(objects.images.sizes)}
    files = [config.embeddings, *([config.embeddings_names] if config.embeddings_names else [])]
    return {"embeddings_sha256": [sha256(read_url(url)) for url in files]}


def embeddings_of(
    objects: TaughtObjects, config: FitTeacherConfig, backbone: ResolvedBackbone
) -> ObjectEmbeddings:
    """Raw representations of the objects; call inside `ray_session`.

    Raises InputError where ready embeddings are not of the backbone's width.
    """
    if objects.ready is not None:
        return _ready_embeddings(objects.ready, config.embeddings or "", backbone)
    assert objects.images is not None, "the settings ask for one of the two"
    output = Folder.at(config.output)
    return embed_objects(
        objects.images.urls,
        config.backbone,
        plugins=config.plugins,
        cache=Folder.at(config.cache) if config.cache else output.folder(CACHE_FOLDER),
        resources=config.resources,
    )


def _ready_embeddings(
    ready: ObjectVectors, url: str, backbone: ResolvedBackbone
) -> ObjectEmbeddings:
    width = ready.vectors.shape[1]
    if width != backbone.dim:
        raise InputError(
            f"embeddings of {width} numbers",
            f"{backbone.dim}, the width of {backbone.name} ({backbone.representation})",
            url,
            "Name the backbone and the layer that made them: --backbone.name and "
            "--backbone.representation.",
        )
    return ObjectEmbeddings(
        object_ids=ready.object_ids, vectors=ready.vectors, backbone=backbone, rejects={}
    )
