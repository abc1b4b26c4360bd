"""Who reads which group when: an epoch's order as a pure function of a few integers.

The seeded shard permutation of an epoch is one long row of groups. It is cut into canonical
streams of equal length, each passes a bounded shuffle, and a step takes as many groups from one
stream as from every other. Workers own whole streams, so any number of workers that divides the
streams sees the same groups in the same step, and no byte is read twice in an epoch.

Shards may join later. The row of shards only grows at its end, and an era says from which epoch on
how much of the row is read, so that no epoch before changes.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from jaxtyping import Int

from alignet_ray.functional.random_streams import RandomStream

MAX_DEFAULT_STREAMS = 16

_FRACTION_BITS = 32


def divisors(number: int) -> list[int]:
    """All divisors in rising order."""
    return [d for d in range(1, number + 1) if number % d == 0]


def default_num_streams(groups_per_step: int, num_shards: int) -> int:
    """The largest divisor of a step's groups that is at most 16 and at most the shards."""
    limit = min(MAX_DEFAULT_STREAMS, num_shards)
    return max(d for d in divisors(groups_per_step) if d <= limit)


def bounded_shuffle(
    size: int, shuffle_buffer: int, random: RandomStream
) -> Int[np.ndarray, "{size}"]:
    """A shuffle that a reader with a buffer can follow: place t holds an index <= t + buffer.

    Index i gets the sort key i + u with u uniform on [0, shuffle_buffer]. Every j <= i - buffer
    then stands before i, so i is at place i - buffer or later; each index appears exactly once.
    """
    spread = np.uint64((shuffle_buffer << _FRACTION_BITS) + 1)
    keys = (np.arange(size, dtype=np.uint64) << np.uint64(_FRACTION_BITS)) + (
        random.words(size) % spread
    )
    return np.argsort(keys, kind="stable").astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class Era:
    """From an epoch on, the first `num_shards` shards of the row are read."""

    first_epoch: int
    num_shards: int


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What determines every epoch's plan: groups of each shard of the row, and settings.

    Without `eras` every epoch reads all shards; else eras rise in epochs and shards, the first
    begins at epoch 0 and the last has all shards. Raises ValueError where they do not, the streams
    do not divide a step, or the groups of the first era do not fill one.
    """

    group_counts: tuple[int, ...]
    seed: int
    groups_per_step: int
    num_streams: int
    shuffle_buffer: int
    eras: tuple[Era, ...] = ()

    def __post_init__(self) -> None:
        if not self.eras:
            always = Era(first_epoch=0, num_shards=len(self.group_counts))
            object.__setattr__(self, "eras", (always,))
        self._check_eras()
        if self.groups_per_step < 1 or self.num_streams < 1 or self.shuffle_buffer < 0:
            raise ValueError("groups_per_step and num_streams are at least 1, shuffle_buffer 0")
        if self.groups_per_step % self.num_streams:
            raise ValueError(
                f"{self.num_streams} streams; expected a divisor of {self.groups_per_step} groups "
                f"a step: one of {divisors(self.groups_per_step)}"
            )
        first = self.epoch(0).num_groups
        if first < self.groups_per_step:
            raise ValueError(
                f"{first} groups; expected at least the {self.groups_per_step} of a step"
            )

    def _check_eras(self) -> None:
        epochs = [era.first_epoch for era in self.eras]
        shards = [era.num_shards for era in self.eras]
        is_rising = all(a < b for row in (epochs, shards) for a, b in pairwise(row))
        if epochs[0] != 0 or shards[-1] != len(self.group_counts) or not is_rising:
            raise ValueError(
                f"eras from epochs {epochs} with {shards} shards; expected rising ones from epoch "
                f"0, the last with all {len(self.group_counts)} shards"
            )

    @cached_property
    def ends(self) -> Int[np.ndarray, "shards_and_start"]:
        """Groups in the first 0, 1, ... shards of the row."""
        return np.concatenate([[0], np.cumsum(self.group_counts, dtype=np.int64)])

    @property
    def num_groups(self) -> int:
        """Groups in all shards."""
        return int(self.ends[-1])

    @property
    def steps_per_epoch(self) -> int:
        """Whole steps that the groups of all shards fill."""
        return self.num_groups // self.groups_per_step

    @property
    def remainder(self) -> int:
        """Groups that an epoch leaves out, other ones in each: fewer than a step has."""
        return self.num_groups % self.groups_per_step

    @property
    def groups_per_turn(self) -> int:
        """Groups that a step takes from each stream."""
        return self.groups_per_step // self.num_streams

    @cached_property
    def _starts(self) -> tuple[tuple[int, int, int], ...]:
        """(first epoch, its first step, steps of each epoch) of every era."""
        found: list[tuple[int, int, int]] = []
        for era in self.eras:
            steps = int(self.ends[era.num_shards]) // self.groups_per_step
            start = 0
            if found:
                epoch, first, before = found[-1]
                start = first + (era.first_epoch - epoch) * before
            found.append((era.first_epoch, start, steps))
        return tuple(found)

    def first_step(self, epoch: int) -> int:
        """The step, counted from the beginning, at which an epoch begins."""
        begin, start, steps = next(s for s in reversed(self._starts) if s[0] <= epoch)
        return start + (epoch - begin) * steps

    def locate(self, step: int) -> tuple[int, int]:
        """(epoch, step in it) of a step counted from the beginning."""
        begin, start, steps = next(s for s in reversed(self._starts) if s[1] <= step)
        epochs, place = divmod(step - start, steps)
        return begin + epochs, place

    def next_epoch(self, step: int) -> int:
        """The first epoch that begins at or after a step: where new shards may join."""
        epoch, place = self.locate(step)
        return epoch + (place > 0)

    def streams_of(self, rank: int, world_size: int) -> range:
        """The streams that a worker owns. Raises ValueError naming the allowed world sizes."""
        if self.num_streams % world_size:
            raise ValueError(
                f"{world_size} workers; expected a divisor of {self.num_streams} streams: "
                f"one of {divisors(self.num_streams)}"
            )
        share = self.num_streams // world_size
        return range(rank * share, (rank + 1) * share)

    def epoch(self, epoch: int) -> "EpochPlan":
        """The plan of one epoch."""
        return EpochPlan(layout=self, epoch=epoch)


@dataclass(frozen=True, kw_only=True)
class EpochPlan:
    """The order of one epoch; everything is computed on demand, stream by stream."""

    layout: Layout
    epoch: int

    @property
    def num_shards(self) -> int:
        """Shards of the row that this epoch reads."""
        eras = self.layout.eras
        return next(e.num_shards for e in reversed(eras) if e.first_epoch <= self.epoch)

    @property
    def num_groups(self) -> int:
        """Groups in those shards."""
        return int(self.layout.ends[self.num_shards])

    @property
    def num_steps(self) -> int:
        """Whole steps that the groups fill."""
        return self.num_groups // self.layout.groups_per_step

    @property
    def groups_per_stream(self) -> int:
        """Groups that each stream gives in the epoch."""
        return self.num_steps * self.layout.groups_per_turn

    @cached_property
    def shards(self) -> Int[np.ndarray, "shards"]:
        """Shard indices in the order of this epoch."""
        random = RandomStream(self.layout.seed, "plan", self.epoch)
        return random.permutation(self.num_shards)

    @cached_property
    def _starts(self) -> Int[np.ndarray, "shards_and_end"]:
        """Position of the first group of each shard in the epoch's row, and the row's length."""
        counts = np.diff(self.layout.ends)[self.shards]
        return np.concatenate([[0], np.cumsum(counts)])

    def order(self, stream: int) -> Int[np.ndarray, "groups"]:
        """Incoming index of each group that a stream emits, after its shuffle."""
        layout = self.layout
        random = RandomStream(layout.seed, "shuffle", self.epoch, stream)
        return bounded_shuffle(self.groups_per_stream, layout.shuffle_buffer, random)

    def groups(
        self, stream: int, incoming: Int[np.ndarray, "groups"]
    ) -> Int[np.ndarray, "groups 2"]:
        """(shard, group in the shard) of a stream's incoming indices."""
        positions = stream * self.groups_per_stream + incoming
        places = np.searchsorted(self._starts, positions, side="right") - 1
        return np.column_stack([self.shards[places], positions - self._starts[places]])

    def runs(self, stream: int, begin: int = 0) -> Int[np.ndarray, "runs 3"]:
        """(shard, first, last) of a stream's incoming groups from index `begin` on: what one range
        read may span.
        """
        start = stream * self.groups_per_stream
        begin, end = start + begin, start + self.groups_per_stream
        inner = self._starts[(self._starts > begin) & (self._starts < end)]
        # An empty shard starts where the next one does.
        edges = np.unique(np.concatenate([[begin], inner, [end]]))
        places = np.searchsorted(self._starts, edges[:-1], side="right") - 1
        starts = self._starts[places]
        return np.column_stack([self.shards[places], edges[:-1] - starts, edges[1:] - starts])

    def step_groups(self, step: int, rank: int, world_size: int) -> Int[np.ndarray, "groups 2"]:
        """(shard, group) of what a worker gets in a step of this epoch, in its order."""
        turn = self.layout.groups_per_turn
        places = slice(step * turn, (step + 1) * turn)
        streams = self.layout.streams_of(rank, world_size)
        return np.concatenate([self.groups(s, self.order(s)[places]) for s in streams])
