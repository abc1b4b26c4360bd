"""Embedding through Ray Data: CPU tasks decode, a pool of actors runs the backbone, tasks write.

A part of the listing is one unit from its bytes to its file: it is embedded in chunks of one
fixed size (the last one padded) by a fixed number of threads, so that its numbers do not depend
on how many workers there were or on what else was left to do.
"""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import ray
import ray.data
import torch
from jaxtyping import Float32, UInt8
from PIL import Image

from alignet_ray.config.backbone import BackboneConfig, Preprocessing, ResolvedBackbone
from alignet_ray.config.resources import Resources
from alignet_ray.errors import MismatchError
from alignet_ray.models.backbones import load_backbone
from alignet_ray.models.plugins import import_plugins
from alignet_ray.models.preprocessing import (
    DecodeError,
    decode_image,
    extension_of,
    stored_copy,
    to_pixels,
)
from alignet_ray.models.tensor_float import forbid_tensor_float
from alignet_ray.records.digests import Json
from alignet_ray.records.image_table import IMAGES_FOLDER, StoredImage, image_table
from alignet_ray.records.listed_image import ContentsDigest, read_ahead
from alignet_ray.records.listing import ListingIndex, read_rows
from alignet_ray.records.parquet import parquet_bytes
from alignet_ray.records.parts import PartLayout, missing_parts, write_part
from alignet_ray.records.store import Folder
from alignet_ray.stages.progress import progress
from alignet_ray.stages.session import joins_cluster, num_cluster_cpus, unwrapped_errors
from alignet_ray.stages.tasks import run_task

Precision = Literal["float32", "bfloat16"]
Row = dict[str, Any]

NOT_FINITE = "embedding is not finite"
_ACTOR_INIT_DEATHS = 3
_MAX_BLOCKS = 10_000


@dataclass(frozen=True, kw_only=True)
class StoredFormat:
    """The copy for students: shorter side in pixels and JPEG quality, or the file's own bytes."""

    shorter_side: int = 256
    quality: int = 90
    keeps_original: bool = False


@dataclass(frozen=True, kw_only=True)
class EmbedRequest:
    """Which rows to embed, with what, and where the parts go. `stored` None keeps no images.

    `contents` are the digests of the parts' images, where the parts are named by them.
    """

    root: Folder
    index: ListingIndex
    layout: PartLayout
    backbone: ResolvedBackbone
    plugins: tuple[str, ...]
    stored: StoredFormat | None
    settings_digest: str
    batch_size: int
    precision: Precision
    device: str
    threads: int
    contents: tuple[str, ...] | None = None


def describe_backbone(config: BackboneConfig, plugins: Sequence[str]) -> ResolvedBackbone:
    """Load a backbone on a worker and say what it is: layer, pixels, dimension, weights' digest."""
    return run_task(_describe, config, tuple(plugins))


def verify_weights(backbone: ResolvedBackbone, plugins: Sequence[str]) -> None:
    """Load a recorded backbone on a worker. Raises InputError where its weights are not there.

    An actor that fails while it starts can only be reported as a dead actor, so ask first.
    """
    run_task(_verify, backbone, tuple(plugins))


def _verify(backbone: ResolvedBackbone, plugins: tuple[str, ...]) -> None:
    import_plugins(plugins)
    load_backbone(backbone.as_config(), expected_sha256=backbone.weights_sha256)


def _describe(config: BackboneConfig, plugins: tuple[str, ...]) -> ResolvedBackbone:
    import_plugins(plugins)
    return load_backbone(config).resolved


def embed_missing_parts(request: EmbedRequest, resources: Resources) -> list[int]:
    """Embed and write every part that is not there yet; returns those that were made.

    Raises StorageError where images cannot be read, MismatchError where a file has changed since
    it was listed. Images that do not decode become rejects in the table.
    """
    parts = missing_parts(request.root.folder(IMAGES_FOLDER), request.layout.num_parts)
    if not parts:
        return []
    num_images = sum(len(request.layout.rows(part)) for part in parts)
    with (
        unwrapped_errors(),
        progress("embed", num_images, "images", is_shown=resources.progress) as advance,
    ):
        for row in _pipeline(request, parts, resources).iter_rows():
            advance(row["num_images"])
    return parts


def _pipeline(request: EmbedRequest, parts: list[int], resources: Resources) -> "ray.data.Dataset":
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_consecutive_actor_init_deaths = _ACTOR_INIT_DEATHS
    on_gpu = request.device == "cuda"
    num_live = _live_actors(on_gpu, request.threads)
    may_grow = joins_cluster(resources)
    num_actors = resources.num_actors or (len(parts) if may_grow else num_live)
    pool = ray.data.ActorPoolStrategy(
        min_size=1, max_size=num_actors, initial_size=min(num_actors, num_live, len(parts))
    )
    actor_cpus = request.threads / 2
    if not may_grow:
        actor_cpus = _actor_cpus(num_cluster_cpus(), num_actors, request.threads)
    rows: Any = ray.data.from_items(
        [{"part": part} for part in parts], override_num_blocks=min(len(parts), _MAX_BLOCKS)
    )
    return (
        # Asking for memory also keeps decoding out of the actors, where Ray Data would fuse it.
        rows.map(
            decode_part, fn_kwargs={"request": request}, num_cpus=1, memory=_part_bytes(request)
        )
        .map(
            Embedder,
            fn_constructor_kwargs={"request": request},
            compute=pool,
            num_cpus=actor_cpus,
            num_gpus=1 if on_gpu else 0,
        )
        .map(write_embedded_part, fn_kwargs={"request": request})
    )


def _part_bytes(request: EmbedRequest) -> int:
    """Memory of a decode task: a part's pixels as arrays, stacked, and as the row handed on."""
    side = request.backbone.preprocessing.resolution
    return 3 * request.layout.part_rows * side * side * 3


def _live_actors(on_gpu: bool, threads: int) -> int:
    """Actors that live nodes have room for: one a GPU, or as many as keep all cores busy."""
    if on_gpu:
        return max(1, int(ray.cluster_resources().get("GPU", 1)))
    return max(1, num_cluster_cpus() // threads)


def _actor_cpus(num_cpus: int, num_actors: int, threads: int) -> float:
    """What an actor reserves: half of what it uses, and all of them together leave one core.

    Decoding and writing get the other half. Where they do not need it, actors use it all the
    same: reservations only say what may run beside what.
    """
    return min(threads / 2, (num_cpus - 1) / num_actors)


def decode_part(row: Row, *, request: EmbedRequest) -> Row:
    """Read and decode a part's images: pixels for the backbone, stored copies for students.

    Raises MismatchError where they are not those that the request has the digest of.
    """
    rows = request.layout.rows(row["part"])
    listing = read_rows(request.root, request.index, rows.start, rows.stop)
    contents = ContentsDigest()
    decoded: list[tuple[UInt8[np.ndarray, "side side 3"], StoredImage]] = []
    for data in read_ahead(listing.to_pylist()):
        contents.add(data)
        decoded.append(_decode_one(data, request.backbone.preprocessing, request.stored))
    if request.contents is not None and contents.sha256 != request.contents[row["part"]]:
        raise MismatchError(
            "an image was changed", "images that stay as they are while they are embedded",
            f"the folder of {listing.column('url')[0].as_py()}", "Run the job again.",
        )  # fmt: skip
    pixels = np.stack([item[0] for item in decoded])
    return {
        "part": row["part"],
        "pixels": pixels.tobytes(),
        "stored": pickle.dumps([item[1] for item in decoded]),
    }


def stored_bytes(
    rows: Sequence[Row], preprocessing: Preprocessing, stored: StoredFormat | None
) -> list[int]:
    """Bytes of the stored copies of a few listed images, 0 for a reject: all that `decode_part`
    does, and nothing is written.
    """
    decoded = (_decode_one(data, preprocessing, stored) for data in read_ahead(rows))
    return [len(kept.image or b"") for _, kept in decoded]


def _decode_one(
    data: bytes, preprocessing: Preprocessing, stored: StoredFormat | None
) -> tuple[UInt8[np.ndarray, "side side 3"], StoredImage]:
    image, kept = store_image(data, stored)
    if image is None:
        return np.zeros((preprocessing.resolution,) * 2 + (3,), np.uint8), kept
    return to_pixels(image, preprocessing), kept


def store_image(data: bytes, stored: StoredFormat | None) -> tuple[Image.Image | None, StoredImage]:
    """The decoded image and what the table keeps of it; None and the reason of a reject."""
    try:
        image = decode_image(data)
    except DecodeError as error:
        reject = StoredImage(image=None, extension="", width=0, height=0, reject_reason=str(error))
        return None, reject
    kept, extension = None, ""
    if stored is not None and stored.keeps_original:
        kept, extension = data, extension_of(data)
    elif stored is not None:
        kept = stored_copy(image, shorter_side=stored.shorter_side, quality=stored.quality)
        extension = "jpg"
    accepted = StoredImage(
        image=kept, extension=extension, width=image.width, height=image.height, reject_reason=None
    )
    return image, accepted


class Embedder:
    """A Ray actor that holds a backbone and turns a part's pixels into raw embeddings."""

    def __init__(self, request: EmbedRequest) -> None:
        torch.set_num_threads(request.threads)
        import_plugins(request.plugins)
        forbid_tensor_float()
        self._request = request
        self._backbone = load_backbone(
            request.backbone.as_config(), expected_sha256=request.backbone.weights_sha256
        ).to(request.device)

    def __call__(self, row: Row) -> Row:
        side = self._request.backbone.preprocessing.resolution
        pixels = np.frombuffer(row["pixels"], np.uint8).reshape(-1, side, side, 3)
        embeddings = self._embed(pixels)
        return {"part": row["part"], "embeddings": embeddings.tobytes(), "stored": row["stored"]}

    @torch.inference_mode()
    def _embed(
        self, pixels: UInt8[np.ndarray, "images side side 3"]
    ) -> Float32[np.ndarray, "images dim"]:
        size = self._request.batch_size
        device = self._request.device
        outputs: list[np.ndarray] = []
        for start in range(0, len(pixels), size):
            chunk = np.zeros((size, *pixels.shape[1:]), np.uint8)
            piece = pixels[start : start + size]
            chunk[: len(piece)] = piece
            with torch.autocast(device, torch.bfloat16, self._request.precision == "bfloat16"):
                output = self._backbone(torch.from_numpy(chunk).to(device))
            outputs.append(output[: len(piece)].float().cpu().numpy())
        return np.concatenate(outputs)


def write_embedded_part(row: Row, *, request: EmbedRequest) -> Row:
    """Write a part and its sidecar; what is said of rejects lies in the sidecar."""
    part, dim = row["part"], request.backbone.dim
    embeddings = np.frombuffer(row["embeddings"], np.float32).reshape(-1, dim)
    stored: list[StoredImage] = _reject_not_finite(pickle.loads(row["stored"]), embeddings)
    rows = request.layout.rows(part)
    listing: pa.Table = read_rows(request.root, request.index, rows.start, rows.stop)
    table = image_table(listing, rows.start, stored, embeddings)
    data = parquet_bytes(table, request.layout.row_group_rows)
    folder = request.root.folder(IMAGES_FOLDER)
    write_part(folder, part, data, request.settings_digest, part_facts(listing, stored))
    return {"part": part, "num_images": len(stored)}


def _reject_not_finite(
    stored: list[StoredImage], embeddings: Float32[np.ndarray, "images dim"]
) -> list[StoredImage]:
    reject = StoredImage(image=None, extension="", width=0, height=0, reject_reason=NOT_FINITE)
    is_finite = [bool(row.all()) for row in np.isfinite(embeddings)]
    return [
        item if finite or item.reject_reason is not None else reject
        for item, finite in zip(stored, is_finite, strict=True)
    ]


def part_facts(listing: pa.Table, stored: list[StoredImage]) -> Json:
    """What a part's sidecar says of its images: how many, and why some are rejects, by key."""
    keys = listing.column("key").to_pylist()
    rejects = {
        key: item.reject_reason
        for key, item in zip(keys, stored, strict=True)
        if item.reject_reason is not None
    }
    return {"num_images": len(stored), "rejects": rejects}
