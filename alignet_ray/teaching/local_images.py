"""Raw embeddings of other images for the local loss (gLocal): a seeded sample of a run's table.

The listing of a run is permuted, so whole row groups are a fair sample, and no more is read than
what is taken. Or an .npy of embeddings that somebody has at hand.
"""

import numpy as np
import pyarrow as pa
from jaxtyping import Float32

from alignet_ray.config.backbone import ResolvedBackbone
from alignet_ray.errors import InputError
from alignet_ray.functional.random_streams import RandomStream
from alignet_ray.records import image_table
from alignet_ray.records.arrays import read_npy
from alignet_ray.records.digests import differences
from alignet_ray.records.listing import read_index
from alignet_ray.records.parquet import read_parquet
from alignet_ray.records.parts import PartLayout, missing_parts, part_name
from alignet_ray.records.run import Settings, image_root, read_settings
from alignet_ray.records.store import Folder

_LEAST_IMAGES = 2
_STREAM = "local_images"

Embeddings = Float32[np.ndarray, "images dim"]


def read_local_images(url: str, backbone: ResolvedBackbone, *, count: int, seed: int) -> Embeddings:
    """At most `count` raw embeddings of the same backbone.

    Raises InputError for another backbone, a run without embeddings, or numbers of no use.
    """
    if url.lower().endswith(".npy"):
        found = _from_array(url, backbone.dim, count, seed)
    else:
        found = _from_run(Folder.at(url), backbone, count, seed)
    if len(found) < _LEAST_IMAGES or not np.isfinite(found).all():
        what = "NaN or infinity" if len(found) >= _LEAST_IMAGES else f"{len(found)} images"
        raise InputError(what, "finite embeddings of 2 images or more", url, "Check --local-run.")
    return found


def _from_array(url: str, dim: int, count: int, seed: int) -> Embeddings:
    array = read_npy(url, "a .npy file of numbers")
    if array.ndim != 2 or array.shape[1] != dim:
        raise InputError(
            f"shape {array.shape}", f"images x {dim}, the width of the backbone",
            url, "Check --local-run.",
        )  # fmt: skip
    if array.dtype.kind != "f":
        raise InputError(f"numbers of type {array.dtype}", "floating-point embeddings", url)
    chosen = RandomStream(seed, _STREAM).permutation(len(array))[:count]
    return array[np.sort(chosen)].astype(np.float32)


def _from_run(asked: Folder, backbone: ResolvedBackbone, count: int, seed: int) -> Embeddings:
    root = image_root(asked)
    settings, index = read_settings(root), read_index(root)
    if settings is None or index is None:
        raise InputError("no run with images", "a root written by generate, or an .npy file",
                         asked.url, "Check --local-run.")  # fmt: skip
    _refuse_other_backbone(settings.images, backbone, root)
    layout = PartLayout(
        num_rows=index.num_images,
        part_rows=settings.images["part_rows"],
        row_group_rows=settings.images["row_group_rows"],
    )
    missing = missing_parts(root.folder(image_table.IMAGES_FOLDER), layout.num_parts)
    if missing:
        raise InputError(
            f"{len(missing)} of {layout.num_parts} parts of the image table are missing",
            "a finished image table", root.url, "Run the job that makes it again.",
        )  # fmt: skip
    return _sample(root.folder(image_table.IMAGES_FOLDER), layout, count, seed, backbone.dim)


def _refuse_other_backbone(images: Settings, backbone: ResolvedBackbone, root: Folder) -> None:
    found = images["backbone"]
    if found is None:
        raise InputError(
            "a run without embeddings (made by convert)", "a run of generate", root.url,
            "Name a run of the same backbone.",
        )  # fmt: skip
    other = ", ".join(name for name, *_ in differences(found, backbone.identity()))
    if other:
        raise InputError(
            f"embeddings of another backbone (different {other})", f"those of {backbone.name}",
            root.url, "Name a run of the same backbone, layer, preprocessing and weights.",
        )  # fmt: skip


def _sample(folder: Folder, layout: PartLayout, count: int, seed: int, dim: int) -> Embeddings:
    """Whole row groups in a seeded order until there are enough; rejects are left out."""
    groups = layout.row_groups(0, layout.num_rows)
    pieces: list[np.ndarray] = [np.empty((0, dim), np.float32)]
    for number in RandomStream(seed, _STREAM).permutation(len(groups)).tolist():
        part, group = groups[number]
        table: pa.Table = read_parquet(
            folder, part_name(part), ("embedding", "reject_reason"), [group]
        )
        pieces.append(image_table.embeddings(table)[image_table.accepted_rows(table)])
        if sum(map(len, pieces)) >= count:
            break
    return np.concatenate(pieces)[:count]
