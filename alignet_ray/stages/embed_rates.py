"""How fast embedding would be, tried on a few images: for estimates, before anything is begun."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alignet_ray.stages.embed import Embedder, EmbedRequest, stored_bytes
from alignet_ray.stages.tasks import run_task

_BATCHES = 2
"""Timed batches, after one that is not: the first compiles kernels and takes memory."""


@dataclass(frozen=True, kw_only=True)
class EmbedRates:
    """Bytes of a few stored copies (0 for a reject), and seconds an image.

    `decode_seconds` are of one core that reads, decodes and stores; `forward_seconds` of one
    actor's backbone, on its device.
    """

    stored_bytes: tuple[int, ...]
    decode_seconds: float
    forward_seconds: float


def try_embedding(request: EmbedRequest, rows: Sequence[dict[str, Any]]) -> EmbedRates:
    """Decode listed images on a worker, and pass batches of blank ones through the backbone.

    Raises what embedding would raise: StorageError, MismatchError, InputError.
    """
    on_gpu = request.device == "cuda"
    sizes, decode_seconds = run_task(_try_decoding, request, list(rows))
    forward_seconds = run_task(_try_backbone, request, num_gpus=1 if on_gpu else 0)
    return EmbedRates(
        stored_bytes=tuple(sizes), decode_seconds=decode_seconds, forward_seconds=forward_seconds
    )


def _try_decoding(request: EmbedRequest, rows: list[dict[str, Any]]) -> tuple[list[int], float]:
    started = time.perf_counter()
    sizes = stored_bytes(rows, request.backbone.preprocessing, request.stored)
    return sizes, (time.perf_counter() - started) / len(rows)


def _try_backbone(request: EmbedRequest) -> float:
    embedder = Embedder(request)
    side = request.backbone.preprocessing.resolution
    blank = np.zeros((request.batch_size, side, side, 3), np.uint8).tobytes()
    seconds: list[float] = []
    for _ in range(1 + _BATCHES):
        started = time.perf_counter()
        embedder({"part": 0, "pixels": blank, "stored": b""})
        seconds.append(time.perf_counter() - started)
    return min(seconds[1:]) / request.batch_size
