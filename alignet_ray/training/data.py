"""From planned groups to batches: range reads, decoding in threads, a bounded look-ahead.

A background thread keeps a few steps ready. Memory is bounded by the shuffle buffers' encoded
groups, one range read per stream, and the decoded steps of the look-ahead.
"""

import contextlib
import queue
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float32, UInt8

from alignet_ray.config.backbone import Preprocessing
from alignet_ray.errors import RecordError
from alignet_ray.functional.planner import EpochPlan, Layout
from alignet_ray.models.preprocessing import DecodeError, decode_image, to_pixels
from alignet_ray.records.shards import Group
from alignet_ray.training.sources import Kind, Labelled, Sources

Item = TypeVar("Item")

_STEPS_AHEAD = 2
_POLL_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Part:
    """The groups of one kind in a batch."""

    kind: Kind
    pixels: UInt8[np.ndarray, "groups images side side 3"]
    similarities: Float32[np.ndarray, "groups images images"]


Batch = tuple[Part, ...]


def incoming_groups(
    sources: Sources, plan: EpochPlan, stream: int, begin: int = 0
) -> Iterator[Labelled]:
    """A stream's groups in reading order, from the incoming index `begin`."""
    place = 0
    for index, first, last in plan.runs(stream).tolist():
        skipped = min(max(begin - place, 0), last - first)
        place += last - first
        if first + skipped < last:
            yield from sources.groups(index, first + skipped, last)


def shuffled_groups(
    sources: Sources, plan: EpochPlan, stream: int, first: int = 0
) -> Iterator[Labelled]:
    """A stream's groups in the plan's order from place `first`, holding no more than the shuffle
    buffer.
    """
    order = plan.order(stream)
    wanted = order[first:].tolist()
    if not wanted:
        return
    begin = min(wanted)
    emitted = set(order[:first].tolist())
    incoming = enumerate(incoming_groups(sources, plan, stream, begin), begin)
    held: dict[int, Labelled] = {}
    for index in wanted:
        while index not in held:
            place, group = next(incoming)
            if place not in emitted:
                held[place] = group
        yield held.pop(index)


def step_groups(
    sources: Sources, layout: Layout, streams: range, num_steps: int, first_step: int = 0
) -> Iterator[list[Labelled]]:
    """What the given streams bring to each step of [first_step, num_steps), epoch after epoch."""
    step = first_step
    while step < num_steps:
        epoch, done = divmod(step, layout.steps_per_epoch)
        plan, place = layout.epoch(epoch), done * layout.groups_per_turn
        readers = [shuffled_groups(sources, plan, stream, place) for stream in streams]
        last = min((epoch + 1) * layout.steps_per_epoch, num_steps)
        for _ in range(step, last):
            yield [next(reader) for reader in readers for _ in range(layout.groups_per_turn)]
        step = last


class Decoder:
    """Decodes groups to the student's pixels in a small pool of threads."""

    def __init__(self, preprocessing: Preprocessing, num_threads: int) -> None:
        self._preprocessing = preprocessing
        self._pool = ThreadPoolExecutor(num_threads, thread_name_prefix="decode")

    def batch(self, groups: Sequence[Labelled]) -> Batch:
        """The groups by kind, in order of first appearance."""
        kinds = dict.fromkeys(kind for kind, _ in groups)
        return tuple(self._part(kind, [g for k, g in groups if k == kind]) for kind in kinds)

    def _part(self, kind: Kind, groups: list[Group]) -> Part:
        images = [(group, place) for group in groups for place in range(kind.num_images)]
        pixels = np.stack(list(self._pool.map(self._decode, images)))
        return Part(
            kind=kind,
            pixels=pixels.reshape(len(groups), kind.num_images, *pixels.shape[1:]),
            similarities=np.stack([group.similarities for group in groups]),
        )

    def _decode(self, image: tuple[Group, int]) -> UInt8[np.ndarray, "side side 3"]:
        group, place = image
        try:
            return to_pixels(decode_image(group.images[place]), self._preprocessing)
        except DecodeError as error:
            raise RecordError(str(error), "an image", f"image {group.keys[place]} of a shard",
                              "Run generate again.") from error  # fmt: skip

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def ahead(items: Iterable[Item], depth: int = _STEPS_AHEAD) -> Generator[Iterator[Item]]:
    """The same items, up to `depth` of them made early in a background thread.

    An exception of the maker is raised where the item would have come.
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
        thread.join()
