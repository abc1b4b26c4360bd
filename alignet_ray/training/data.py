"""From planned groups to batches: decoding in threads, a bounded look-ahead, what was skipped.

A background thread keeps a few steps ready. Beside the encoded groups (`reading` says how many) a
worker holds `steps_ahead` + 2 decoded steps at most: those that wait, one that is made, and one
that is trained on. A step's share of pixels is images * side * side * 3 bytes.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float32, UInt8

from alignet_ray.config.backbone import Preprocessing
from alignet_ray.config.streaming import StreamingConfig
from alignet_ray.errors import RecordError
from alignet_ray.functional.planner import Layout
from alignet_ray.models.preprocessing import DecodeError, decode_image, to_pixels
from alignet_ray.records.shards import Group
from alignet_ray.training.reading import step_groups
from alignet_ray.training.sources import Kind, Labelled, Sources

Item = TypeVar("Item")

_STEPS_AHEAD = 2
_POLL_SECONDS = 0.1
_CLOSE_SECONDS = 10.0
_IMAGES_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True)
class Part:
    """The groups of one kind in a batch."""

    kind: Kind
    pixels: UInt8[np.ndarray, "groups images side side 3"]
    similarities: Float32[np.ndarray, "groups images images"]


Batch = tuple[Part, ...]

_Place = tuple[Group, int, UInt8[np.ndarray, "side side 3"]]


class Decoder:
    """Decodes groups to the student's pixels in a small pool of threads.

    Pillow gives up Python's lock while it decodes and resizes, so threads share the work.
    """

    def __init__(self, preprocessing: Preprocessing, num_threads: int) -> None:
        self._preprocessing = preprocessing
        self._pool = ThreadPoolExecutor(num_threads, thread_name_prefix="decode")

    def batch(
        self, groups: Sequence[Labelled], skip: Callable[[RecordError], None] | None = None
    ) -> Batch:
        """The groups by kind, in order of first appearance; `()` of no groups.

        Raises RecordError for an image that does not decode, or tells `skip` and leaves out its
        group.
        """
        kinds = dict.fromkeys(kind for kind, _ in groups)
        parts = [self._part(kind, [g for k, g in groups if k == kind], skip) for kind in kinds]
        return tuple(part for part in parts if part is not None)

    def _part(
        self, kind: Kind, groups: list[Group], skip: Callable[[RecordError], None] | None
    ) -> Part | None:
        """Every image is written to its place in one array."""
        side = self._preprocessing.resolution
        pixels = np.empty((len(groups), kind.num_images, side, side, 3), dtype=np.uint8)
        images = [
            (group, place, pixels[number, place])
            for number, group in enumerate(groups)
            for place in range(kind.num_images)
        ]
        chunks = [images[i : i + _IMAGES_AT_ONCE] for i in range(0, len(images), _IMAGES_AT_ONCE)]
        faults = [fault for found in self._pool.map(self._decode, chunks) for fault in found]
        lost = [
            i for i in range(len(groups)) if any(faults[i * kind.num_images :][: kind.num_images])
        ]
        for error in filter(None, faults):
            if skip is None:
                raise error
            skip(error)
        kept = [i for i in range(len(groups)) if i not in lost]
        if not kept:
            return None
        return Part(
            kind=kind,
            pixels=pixels[kept] if lost else pixels,
            similarities=np.stack([groups[i].similarities for i in kept]),
        )

    def _decode(self, images: Sequence[_Place]) -> list[RecordError | None]:
        return [self._fill(*image) for image in images]

    def _fill(
        self, group: Group, place: int, pixels: UInt8[np.ndarray, "side side 3"]
    ) -> RecordError | None:
        try:
            pixels[:] = to_pixels(decode_image(group.images[place]), self._preprocessing)
        except DecodeError as error:
            return RecordError(str(error), "an image", f"image {group.keys[place]} of a shard",
                               "Run generate again.")  # fmt: skip
        return None

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def reading(
    sources: Sources,
    layout: Layout,
    streams: range,
    decoder: Decoder,
    config: StreamingConfig,
    *,
    num_steps: int,
    first_step: int = 0,
) -> Generator[Iterator[Batch]]:
    """Batches of what the streams bring to each step of [first_step, num_steps).

    A batch is `()` where all its groups are lost.
    """
    groups = step_groups(sources, layout, streams, num_steps, first_step)
    batches = (decoder.batch(step, sources.skip) for step in groups)
    with ahead(batches, config.steps_ahead) as ready:
        yield ready


@contextlib.contextmanager
def ahead(items: Iterable[Item], depth: int = _STEPS_AHEAD) -> Generator[Iterator[Item]]:
    """The same items, up to `depth` of them made early in a background thread.

    An exception of the maker is raised where the item would have come. At the end the maker stops
    after the item that it is at; one that hangs in a read is left behind.
    """
    ready: queue.Queue[tuple[Item] | BaseException | None] = queue.Queue(depth)
    stopped = threading.Event()

    def put(entry: tuple[Item] | BaseException | None) -> None:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                ready.put(entry, timeout=_POLL_SECONDS)
                return

    def make() -> None:
        try:
            for item in items:
                put((item,))
                if stopped.is_set():
                    return
            put(None)
        except BaseException as error:
            put(error)

    def take() -> Iterator[Item]:
        while (entry := ready.get()) is not None:
            if isinstance(entry, BaseException):
                raise entry
            yield entry[0]

    thread = threading.Thread(target=make, name="ahead", daemon=True)
    thread.start()
    try:
        yield take()
    finally:
        stopped.set()
        thread.join(_CLOSE_SECONDS)
