"""Laws of the row of growing runs: it only grows at its end, and has every shard once."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from alignet_ray.functional.shard_row import Joined, Segment, join, row_of


@st.composite
def histories(draw: st.DrawFn) -> list[list[Joined]]:
    """Several runs, as they were at the beginning and after each of some extensions."""
    counts = draw(st.lists(st.integers(0, 5), min_size=1, max_size=4))
    counts[0] += 1
    now: list[Joined] = [((0, count),) for count in counts]
    history = [now]
    epoch = 0
    for _ in range(draw(st.integers(0, 4))):
        epoch += draw(st.integers(0, 3))
        more = draw(st.lists(st.integers(0, 4), min_size=len(now), max_size=len(now)))
        now = [join(run, max(epoch, 1), run[-1][1] + m) for run, m in zip(now, more, strict=True)]
        history.append(now)
    return history


def _shards(segments: tuple[Segment, ...]) -> list[tuple[int, int]]:
    return [(s.run, shard) for s in segments for shard in range(s.first, s.last)]


@given(histories())
def test_the_row_has_every_shard_once_and_eras_say_how_much_of_it_is_read(
    history: list[list[Joined]],
) -> None:
    for joined in history:
        segments, eras = row_of(joined)
        row = _shards(segments)
        wanted = {
            (run, shard) for run, entries in enumerate(joined) for shard in range(entries[-1][1])
        }
        assert len(row) == len(set(row))
        assert set(row) == wanted
        for era in eras:
            read = set(row[: era.num_shards])
            at = [
                max((n for e, n in entries if e <= era.first_epoch), default=0)
                for entries in joined
            ]
            assert read == {(run, shard) for run, count in enumerate(at) for shard in range(count)}


@given(histories())
def test_what_joins_later_leaves_the_row_before_as_it_was(history: list[list[Joined]]) -> None:
    """But for shards that were to join at a boundary at which others now join as well."""
    for before, after in pairwise(history):
        boundary = max(entries[-1][0] for entries in after)
        old, old_eras = row_of(before)
        new, new_eras = row_of(after)
        kept = [era for era in old_eras if era.first_epoch < boundary]
        assert list(new_eras[: len(kept)]) == kept
        if kept:
            length = kept[-1].num_shards
            assert _shards(new)[:length] == _shards(old)[:length]


def test_a_run_that_grows_renumbers_no_other() -> None:
    segments, eras = row_of([((0, 2), (3, 5)), ((0, 4),)])
    assert _shards(segments) == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
        (1, 2),
        (1, 3),
        (0, 2),
        (0, 3),
        (0, 4),
    ]
    assert [(era.first_epoch, era.num_shards) for era in eras] == [(0, 6), (3, 9)]


def test_a_boundary_that_was_not_reached_gives_way() -> None:
    assert join(((0, 2), (3, 5)), 3, 9) == ((0, 2), (3, 9))
    assert join(((0, 2), (3, 5)), 4, 5) == ((0, 2), (3, 5))
