"""The one row of shards of several runs that grow: which shard of which run stands where.

Every run says how many shards it has from which epoch on. The row holds first what was there at
the beginning, run after run, then what joined at the next boundary, run after run: it only ever
grows at its end, so a run that grows renumbers no other run's shards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alignet_ray.functional.planner import Era

Joined = tuple[tuple[int, int], ...]
"""(first epoch, shards that are read from then on) of a run: rising in both, first at epoch 0."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Shards [first, last) of a run, next to each other in the row."""

    run: int
    first: int
    last: int


def row_of(joined: Sequence[Joined]) -> tuple[tuple[Segment, ...], tuple[Era, ...]]:
    """The segments of the row in order, and the eras in which it grew."""
    segments: list[Segment] = []
    eras: list[Era] = []
    length = 0
    counts = [0] * len(joined)
    for epoch in sorted({first_epoch for run in joined for first_epoch, _ in run}):
        for run, entries in enumerate(joined):
            count = dict(entries).get(epoch, counts[run])
            if count > counts[run]:
                segments.append(Segment(run=run, first=counts[run], last=count))
                length += count - counts[run]
                counts[run] = count
        eras.append(Era(first_epoch=epoch, num_shards=length))
    return tuple(segments), tuple(eras)


def join(joined: Joined, epoch: int, num_shards: int) -> Joined:
    """The run with `num_shards` shards from an epoch on; nothing changes where it has them.

    An entry of the same epoch gives way: nothing of that epoch has been read.
    """
    if num_shards <= joined[-1][1]:
        return joined
    kept = tuple(entry for entry in joined if entry[0] < epoch)
    return (*kept, (epoch, num_shards))
