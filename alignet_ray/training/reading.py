"""The planned groups of each step, with every stream's next reads under way.

A stream reads its shards block by block, epoch after epoch without a pause between them. Blocks are
fetched and checked in a pool of threads, so the latencies of a bucket overlap with each other, with
decoding and with training; each stream passes them on in its order.

Memory: a stream holds `shuffle_buffer` + 1 groups, one block that it takes groups from, and the
blocks that are read ahead: one, or more where there are fewer than _READS_AHEAD streams.
"""

import math
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from itertools import chain

import numpy as np
from jaxtyping import Int

from alignet_ray.functional.planner import EpochPlan, Layout
from alignet_ray.training.sources import Labelled, Sources

_READS_AHEAD = 8
_MOST_READERS = 32
_PLACES_AT_ONCE = 4096

Entry = Labelled | None
"""A group, or None for one that is lost with a broken shard."""

Block = tuple[int, int, int]
"""(place of the shard in the row, first group, last group)."""


def step_groups(
    sources: Sources, layout: Layout, streams: range, num_steps: int, first_step: int = 0
) -> Iterator[list[Labelled]]:
    """What the given streams bring to each step of [first_step, num_steps), epoch after epoch.

    Lost groups are left out, where broken shards are tolerated.
    """
    steps = range(first_step, num_steps)
    if not steps:
        return
    sources.hold(len(streams))
    ahead = math.ceil(_READS_AHEAD / len(streams))
    pool = ThreadPoolExecutor(min(_MOST_READERS, len(streams) * ahead), "read")
    course = Course(layout, steps)
    try:
        made = [StreamReader(sources, course, stream, pool, ahead) for stream in streams]
        readers = [reader.groups() for reader in made]
        for _ in steps:
            step = [next(reader) for reader in readers for _ in range(layout.groups_per_turn)]
            yield [entry for entry in step if entry is not None]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class Course:
    """The epochs that some steps touch; streams that are near each other share an epoch's plan."""

    def __init__(self, layout: Layout, steps: range) -> None:
        self._layout = layout
        self._steps = steps
        self._plan = lru_cache(maxsize=2)(layout.epoch)

    def epochs(self) -> Iterator[tuple[EpochPlan, int]]:
        """Each epoch, and the place at which the steps enter its streams."""
        epoch, done = self._layout.locate(self._steps.start)
        last, _ = self._layout.locate(self._steps.stop - 1)
        for number in range(epoch, last + 1):
            yield self._plan(number), done * self._layout.groups_per_turn
            done = 0


class StreamReader:
    """One stream of a course; its first blocks are asked for when it is made."""

    def __init__(
        self,
        sources: Sources,
        course: Course,
        stream: int,
        pool: ThreadPoolExecutor,
        num_ahead: int,
    ) -> None:
        self._sources = sources
        self._course = course
        self._stream = stream
        self._pool = pool
        self._blocks = chain.from_iterable(self._blocks_of(*part) for part in course.epochs())
        self._waiting: deque[Future[list[Entry]]] = deque()
        for _ in range(num_ahead):
            self._ask()

    def groups(self) -> Iterator[Entry]:
        """The stream's groups in the plan's order."""
        incoming = self._incoming()
        for plan, place in self._course.epochs():
            yield from in_order(plan.order(self._stream), place, incoming)

    def _blocks_of(self, plan: EpochPlan, place: int) -> Iterator[Block]:
        begin = first_needed(plan.order(self._stream), place) if place else 0
        for index, first, last in plan.runs(self._stream, begin).tolist():
            for start, end in self._sources.blocks(index, first, last):
                yield index, start, end

    def _ask(self) -> None:
        block = next(self._blocks, None)
        if block is not None:
            self._waiting.append(self._pool.submit(self._sources.block, *block))

    def _incoming(self) -> Iterator[Entry]:
        while self._waiting:
            done = self._waiting.popleft()
            self._ask()
            yield from done.result()


def first_needed(order: Int[np.ndarray, "groups"], place: int) -> int:
    """The first incoming index that is emitted at `place` or later."""
    return int(order[place:].min())


def in_order(
    order: Int[np.ndarray, "groups"], place: int, incoming: Iterator[Entry]
) -> Iterator[Entry]:
    """What the plan emits from `place` on, out of the incoming groups from `first_needed` on.

    Holds no more than the shuffle buffer: the order lets nothing come later than that.
    """
    begin = first_needed(order, place) if place else 0
    emitted = set(order[:place][order[:place] >= begin].tolist())
    held: dict[int, Entry] = {}
    arriving = begin
    for start in range(place, len(order), _PLACES_AT_ONCE):
        for index in order[start : start + _PLACES_AT_ONCE].tolist():
            while arriving <= index:
                entry = next(incoming)
                if arriving not in emitted:
                    held[arriving] = entry
                arriving += 1
            yield held.pop(index)
    for _ in range(arriving, len(order)):  # emitted before `place`: the next epoch comes behind
        next(incoming)
