"""Raw representations of a named set of images, by the same Ray stage as in generate.

Embedded once per backbone and image set: the parts stay below a cache folder, named by the
digest of both.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Float32

from alignet_ray.config.backbone import BackboneConfig, ResolvedBackbone
from alignet_ray.config.resources import Resources
from alignet_ray.config.urls import absolute_url
from alignet_ray.errors import InputError
from alignet_ray.records import image_table
from alignet_ray.records.digests import digest
from alignet_ray.records.listing import (
    LISTING_SCHEMA,
    index_of,
    listing_sha256,
    write_listing,
)
from alignet_ray.records.parquet import read_parquet
from alignet_ray.records.parts import PartLayout, missing_parts, part_name
from alignet_ray.records.store import Folder
from alignet_ray.stages.embed import EmbedRequest, describe_backbone, embed_missing_parts
from alignet_ray.stages.progress import note
from alignet_ray.stages.session import choose_device

_PART_ROWS = 256
_BATCH_SIZE = 32
_DIGEST_LETTERS = 16


@dataclass(frozen=True, kw_only=True)
class ObjectEmbeddings:
    """Raw representations in the order given, without rejects; rejects by id with the reason."""

    object_ids: tuple[str, ...]
    vectors: Float32[np.ndarray, "objects dim"]
    backbone: ResolvedBackbone
    rejects: dict[str, str]


def embed_objects(
    images: Mapping[str, str],
    backbone: BackboneConfig,
    *,
    plugins: Sequence[str],
    cache: Folder,
    resources: Resources,
) -> ObjectEmbeddings:
    """Embed the image of every object (id -> URL), or read what was embedded before.

    Call inside `ray_session`. Raises InputError where a file is missing.
    """
    return embed_listing(
        object_listing(images), backbone, plugins=plugins, cache=cache, resources=resources
    )


def embed_listing(
    listing: pa.Table,
    backbone: BackboneConfig,
    *,
    plugins: Sequence[str],
    cache: Folder,
    resources: Resources,
    resolved: ResolvedBackbone | None = None,
    said: str = "images",
) -> ObjectEmbeddings:
    """Embed the images of a listing in its order; `object_ids` are its keys.

    `resolved` is what the backbone turned out to be before, where it was described already; `said`
    is what the images are called where it is told how many are embedded already. Call inside
    `ray_session`. All vectors come back to this process.
    """
    resolved = resolved or describe_backbone(backbone, plugins)
    settings_digest = digest([listing_sha256(listing), resolved.identity()])
    root = cache.folder(settings_digest[:_DIGEST_LETTERS])
    index = index_of(listing)
    layout = PartLayout(num_rows=index.num_images, part_rows=_PART_ROWS, row_group_rows=_PART_ROWS)
    missing = missing_parts(root.folder(image_table.IMAGES_FOLDER), layout.num_parts)
    num_missing = sum(len(layout.rows(part)) for part in missing)
    note(
        f"{said}: {index.num_images - num_missing:,} of {index.num_images:,} images already "
        f"embedded{f', embedding {num_missing:,}' if missing else ''}",
        is_shown=resources.progress,
    )
    if missing:
        write_listing(root, listing)  # again, too: images may have moved to another place
    request = EmbedRequest(
        root=root,
        index=index,
        layout=layout,
        backbone=resolved,
        plugins=tuple(plugins),
        stored=None,
        settings_digest=settings_digest,
        batch_size=_BATCH_SIZE,
        precision="float32",
        device=choose_device(resources),
        threads=resources.threads_per_actor,
    )
    embed_missing_parts(request, resources)
    return _read_back(root, layout, resolved)


def object_listing(images: Mapping[str, str]) -> pa.Table:
    """The listing of objects (id -> URL) in the order given; `key` is the object's id.

    Raises InputError where a file is missing.
    """
    by_parent: dict[str, dict[str, str]] = defaultdict(dict)
    for object_id, url in images.items():
        parent, _, name = absolute_url(url).rpartition("/")
        by_parent[parent][object_id] = name
    sizes: dict[str, int] = {}
    for parent, names in by_parent.items():
        present = Folder(parent or "/").sizes()
        for object_id, name in names.items():
            if name not in present:
                raise InputError("no such file", "the image of an object", f"{parent}/{name}")
            sizes[object_id] = present[name]
    return pa.table(
        {
            "key": list(images),
            "url": [absolute_url(url) for url in images.values()],
            "offset": [None] * len(images),
            "length": [sizes[object_id] for object_id in images],
            "label": [None] * len(images),
        },
        schema=LISTING_SCHEMA,
    )


def _read_back(root: Folder, layout: PartLayout, resolved: ResolvedBackbone) -> ObjectEmbeddings:
    folder = root.folder(image_table.IMAGES_FOLDER)
    columns = ("key", "embedding", "reject_reason")
    table = pa.concat_tables(
        [read_parquet(folder, part_name(part), columns) for part in range(layout.num_parts)]
    )
    keys, reasons = table.column("key").to_pylist(), table.column("reject_reason").to_pylist()
    accepted = image_table.accepted_rows(table)
    return ObjectEmbeddings(
        object_ids=tuple(key for key, ok in zip(keys, accepted, strict=True) if ok),
        vectors=image_table.embeddings(table)[accepted],
        backbone=resolved,
        rejects={
            key: reason for key, reason in zip(keys, reasons, strict=True) if reason is not None
        },
    )
